"""The terminal, which shows texts as they are."""

from typing import IO

from rich.console import Console

__all__ = ["plain_console"]


def plain_console(file: IO[str] | None = None, stderr: bool = False) -> Console:
    """A console that takes no text for markup: a recipe may be called ``[red]``, an option ``:smile:``."""
    return Console(file=file, stderr=stderr, markup=False, emoji=False)
