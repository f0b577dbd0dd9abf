"""The terminal, which shows texts as they are."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import IO

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from value_personas.data import visible
from value_personas.experiments.fieldwork.synthetic import synthetic_warning

__all__ = ["plain_console", "print_places", "print_remarks"]


class _PlainConsole(Console):
    """Shows what a text holds; only what the console itself writes is obeyed by the terminal."""

    def render(self, renderable: RenderableType, options: ConsoleOptions | None = None) -> Iterable[Segment]:
        """The segments of a renderable, each with its text made visible."""
        for segment in super().render(renderable, options):
            yield segment if segment.control else segment._replace(text=visible(segment.text))


def plain_console(file: IO[str] | None = None, stderr: bool = False) -> Console:
    """A console that takes no text for markup: a recipe may be called ``[red]``, an option ``:smile:``."""
    return _PlainConsole(file=file, stderr=stderr, markup=False, emoji=False)


def print_remarks(
    console: Console,
    synthetic: Sequence[str],
    notes: Sequence[str] = (),
    failed: Mapping[str, str] | None = None,
) -> None:
    """What a reader must know of a table: what failed, notes, and that it is synthetic."""
    lines = [f"failed: {label}: {reason}" for label, reason in (failed or {}).items()]
    lines += [f"note: {note}" for note in notes]
    for line in (*lines, *([synthetic_warning(synthetic)] if synthetic else [])):
        console.print(Text(line))


def print_places(console: Console, folder: Path, mlflow_run_id: str = "", **others: str) -> None:
    """Where everything lies, each on a line of its own that no terminal breaks."""
    places = {"tables": str(folder)}
    places |= {"MLflow run": f"{mlflow_run_id}  (value-personas ui)"} if mlflow_run_id else {}
    for what, place in (places | others).items():
        console.print(Text(f"{what:<12} {place}"), soft_wrap=True)
