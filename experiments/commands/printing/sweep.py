"""A sweep on the terminal: progress on stderr, the result on stdout."""

import math
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from rich.text import Text

from value_personas.experiments.commands.approval import Approval, is_free
from value_personas.experiments.commands.printing.console import plain_console
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.scoring import heading, leading_scores
from value_personas.experiments.scoring.digits import three_digits
from value_personas.experiments.sweep.family import Options
from value_personas.experiments.sweep.records import CellRecord
from value_personas.experiments.sweep.sweep import SweepResult

__all__ = ["SweepConsole", "print_sweep", "watched"]


class SweepConsole:
    """A bar for the cells and one for the answers of those that have begun."""

    def __init__(self) -> None:
        self._console = plain_console(stderr=True)
        self.progress = Progress(
            TextColumn("{task.description:<8}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            console=self._console,
        )
        self._cells = self.progress.add_task("cells", total=None)
        self._answers = self.progress.add_task("answers", total=0)
        self._expected = 0

    def cells(self, total: int, done: int) -> None:
        """Show the bars; sooner they would add an empty line to an error."""
        self.progress.start()
        self.progress.update(self._cells, total=total, completed=done)

    def expected(self, answers: int) -> None:
        """Lengthen the bar of answers."""
        self._expected += answers
        self.progress.update(self._answers, total=self._expected)

    def answered(self, answers: int) -> None:
        """Advance it."""
        self.progress.advance(self._answers, answers)

    def ended(self, record: CellRecord) -> None:
        """Advance the bar of cells; say why one failed."""
        self.progress.advance(self._cells)
        if record.failed:
            self._console.print(Text(f"failed: {record.label}: {record.reason}"))

    def tell(self, text: str) -> None:
        """Print a line."""
        self._console.print(Text(text))

    def ask(self, question: str) -> bool:
        """Put a yes-or-no question; the bars stand still meanwhile."""
        self.progress.stop()
        try:
            return typer.confirm(question, err=True)
        finally:
            self.progress.start()


@contextmanager
def watched(recipe: Recipe, jobs: int, yes: bool) -> Iterator[Options]:
    """Options for cells that a person at the terminal watches and approves."""
    console = SweepConsole()
    approve = None if is_free(recipe) else Approval(recipe, yes, console.ask, console.tell)
    try:
        yield Options(jobs, console, approve)
    finally:
        if console.progress.live.is_started:
            console.progress.stop()


def print_sweep(result: SweepResult) -> None:
    """Two scores a cell and method, the cells that failed, and where everything lies."""
    console = plain_console()
    family = result.family
    console.print(_table(result))
    for record in family.failed:
        console.print(Text(f"failed: {record.label}: {record.reason}"))
    if result.synthetic != "no":
        console.print(Text(f"synthetic {result.synthetic}: these figures say nothing about real people"))
    console.print(Text(f"tables       {family.folder}"), soft_wrap=True)
    console.print(Text(f"MLflow run   {family.mlflow_run_id}  (value-personas ui)"), soft_wrap=True)


def _table(result: SweepResult) -> Table:
    family = result.family
    table = Table(title=f"{family.recipe.name} · {len(family.records)} cells", box=None, padding=(0, 1, 0, 0))
    table.add_column("cell, method", overflow="fold")
    shown = leading_scores()
    for name in shown:
        table.add_column(heading(name).replace(" ", "\n"), justify="right", no_wrap=True)
    scored = result.table[result.table["method"].notna()]
    for label, cell in scored.groupby("label", sort=False):
        table.add_row(Text(str(label), style="bold"))
        for method, rows in cell.groupby("method", sort=False):
            by_score = rows.set_index("score").to_dict("index")
            table.add_row(Text(f"  {method}"), *(_interval(by_score[name]) for name in shown))
    return table


def _interval(row: Mapping[Hashable, float]) -> str:
    if math.isnan(row["mean"]):
        return "–"
    return f"{three_digits(row['mean'])} {three_digits(row['lower'])}–{three_digits(row['upper'])}"
