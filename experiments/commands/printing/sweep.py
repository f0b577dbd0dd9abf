"""A sweep on the terminal."""

import math
from collections.abc import Hashable, Iterator, Mapping
from contextlib import contextmanager

from rich.table import Table
from rich.text import Text

from value_personas.experiments.commands.approval import approval_of
from value_personas.experiments.commands.printing.console import print_places, print_remarks
from value_personas.experiments.commands.printing.fitting import fitting
from value_personas.experiments.progress.console import plain_console
from value_personas.experiments.progress.terminal import ConsoleReporter
from value_personas.experiments.recipe.recipe import RespondentSection
from value_personas.experiments.scoring import heading, leading_scores
from value_personas.experiments.scoring.digits import three_digits
from value_personas.experiments.sweep.family import Options
from value_personas.experiments.sweep.reporter import SweepProgress
from value_personas.experiments.sweep.sweep import SweepResult
from value_personas.programs.engines import EngineSettings

__all__ = ["print_sweep", "watched"]


@contextmanager
def watched(respondent: RespondentSection, writer: EngineSettings, jobs: int, yes: bool) -> Iterator[Options]:
    """Options for cells that a person at the terminal watches and approves."""
    with ConsoleReporter() as bars:
        yield Options(jobs, SweepProgress(bars), approval_of(respondent, writer, yes, bars))


def print_sweep(result: SweepResult) -> None:
    """Two scores a cell and method, the cells that failed, and where everything lies."""
    console = plain_console()
    family = result.family
    console.print(fitting(console, _tables(result)))
    failed = {record.label: str(record.reason) for record in family.failed}
    print_remarks(console, [] if result.synthetic == "no" else [result.synthetic], failed=failed)
    print_places(console, family.folder, family.mlflow_run_id)


def _tables(result: SweepResult) -> Iterator[Table]:
    """All scores that lead, each interval beside or beneath; then fewer of them, from the last."""
    family, scored = result.family, result.table[result.table["method"].notna()]
    leading = leading_scores()
    for names, between in [(leading, " "), *((leading[:n], "\n") for n in range(len(leading), 0, -1))]:
        title = f"{family.recipe.name} · {len(family.records)} cells"
        table = Table(title=title, box=None, padding=(0, 1, 0, 0))
        table.add_column("cell, method", no_wrap=True)
        for name in names:
            table.add_column(heading(name).replace(" ", "\n"), justify="right", no_wrap=True)
        for label, cell in scored.groupby("label", sort=False):
            table.add_row(Text(str(label).replace(" ", "\n"), style="bold"))
            for method, rows in cell.groupby("method", sort=False):
                by_score = rows.set_index("score").to_dict("index")
                table.add_row(Text(f"  {method}"), *(_interval(by_score[name], between) for name in names))
        yield table


def _interval(row: Mapping[Hashable, float], between: str) -> str:
    if math.isnan(row["mean"]):
        return "–"
    return f"{three_digits(row['mean'])}{between}{three_digits(row['lower'])}–{three_digits(row['upper'])}"
