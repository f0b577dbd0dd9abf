"""What goes on, on stderr: stages, notes, a bar for each thing that is counted, and questions."""

import sys
import time
from types import TracebackType

from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)
from rich.text import Text

from value_personas.experiments.progress.console import plain_console


class _Rate(ProgressColumn):
    """How many a second."""

    def render(self, task: Task) -> Text:
        return Text(f"{task.speed:,.0f}/s" if task.speed else "", style="progress.data.speed")


_EVERY_S = 60.0
"""Seconds between two lines of progress where no terminal is watched."""


class ConsoleReporter:
    """Stages, notes and named bars, for a person at the terminal; for a log, plain lines once a minute."""

    def __init__(self) -> None:
        # The stream itself, not rich's idea of it: what optimisers print is led into a file meanwhile.
        self._console = plain_console(file=sys.stderr)
        self._bars: dict[str, TaskID] = {}
        self._said = time.monotonic()
        self._progress = Progress(
            TextColumn("{task.description:<18}"),
            BarColumn(),
            MofNCompleteColumn(),
            _Rate(),
            TimeRemainingColumn(),
            console=self._console,
        )

    def __enter__(self) -> "ConsoleReporter":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress.live.is_started:
            self._progress.stop()

    def again(self) -> None:
        """Everything is gone through once more: bars begin anew."""
        for task in self._bars.values():
            self._progress.remove_task(task)
        self._bars = {}

    def stage(self, text: str) -> None:
        """Print the stage."""
        self._console.print(Text(text, style="dim"))

    def note(self, text: str) -> None:
        """Print the note."""
        self.say(f"note: {text}")

    def say(self, text: str) -> None:
        """Print a line."""
        self._console.print(Text(text))

    def ask(self, question: str) -> bool:
        """Put a yes-or-no question; the bars stand still meanwhile."""
        import typer

        if not self._progress.live.is_started:
            return typer.confirm(question, err=True)
        self._progress.stop()
        try:
            return typer.confirm(question, err=True)
        finally:
            self._progress.start()

    def answered(self, kind: str, n: int, total: int) -> None:
        """Advance the kind's bar."""
        self.show(kind, total=total, advance=n)

    def show(
        self, bar: str, *, done: int | None = None, total: int | None = None, advance: int | None = None
    ) -> None:
        """Move a bar, which begins with its first move."""
        if self._console.is_terminal and not self._bars:
            self._progress.start()  # no sooner: bars that stand still would add an empty line to an error
        if bar not in self._bars:
            self._bars[bar] = self._progress.add_task(bar, total=total)
        self._progress.update(self._bars[bar], completed=done, total=total, advance=advance)
        if not self._console.is_terminal:
            self._log(next(task for task in self._progress.tasks if task.id == self._bars[bar]))

    def _log(self, task: Task) -> None:
        """A line once a minute, and when a bar is full: a log that stands still looks dead."""
        if task.finished or time.monotonic() - self._said >= _EVERY_S:
            self._said = time.monotonic()
            total = "" if task.total is None else f"/{task.total:,.0f}"
            self.say(f"{task.description} {task.completed:,.0f}{total}")
