"""A terminal that shows texts as they are."""

from collections.abc import Iterable
from contextvars import ContextVar
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment

from value_personas.data import visible

WIDE: ContextVar[bool] = ContextVar("wide", default=False)
"""Whether ``--wide`` was given: results are printed as if the terminal had no right edge."""

_NO_EDGE = 10_000


class _PlainConsole(Console):
    """Shows what a text holds; only what the console itself writes is obeyed by the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of a renderable, each with its text made visible."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


def plain_console(file: IO[str] | None = None) -> Console:
    """A console that takes no text for markup: a recipe may be called ``[red]``, an option ``:smile:``."""
    width = _NO_EDGE if WIDE.get() else None
    return _PlainConsole(file=file, markup=False, emoji=False, width=width)
