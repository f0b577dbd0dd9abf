"""A sweep on the terminal."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.table import Table
from rich.text import Text

from value_personas.experiments.commands.approval import approval_of
from value_personas.experiments.commands.printing.console import print_places, print_remarks
from value_personas.experiments.commands.printing.fitting import fitting, mean_and_ends
from value_personas.experiments.commands.printing.nulls import beside_nothing, null_lines
from value_personas.experiments.comparators import NULLS
from value_personas.experiments.progress.console import plain_console
from value_personas.experiments.progress.terminal import ConsoleReporter
from value_personas.experiments.recipe.recipe import RespondentSection
from value_personas.experiments.scoring import heading, leading_scores
from value_personas.experiments.scoring.digits import three_digits
from value_personas.experiments.sweep.family import Options
from value_personas.experiments.sweep.sweep import SweepResult
from value_personas.programs.engines import EngineSettings


@contextmanager
def watched(
    respondent: RespondentSection, writer: EngineSettings, jobs: int, yes: bool
) -> Iterator[tuple[Options, ConsoleReporter]]:
    """Options for cells that a person at the terminal approves, and the bars that show them."""
    with ConsoleReporter() as bars:
        yield Options(jobs, approval_of(respondent, writer, yes, bars)), bars


def print_sweep(result: SweepResult) -> None:
    """Two scores a cell and method, the cells that failed, and where everything lies."""
    console = plain_console()
    family = result.family
    console.print(fitting(console, _tables(result)))
    if result.no_better:
        console.print(Text(beside_nothing(result.no_better)))
    if told := result.told_claims():
        console.print("claims of the recipe, stated before anything was asked:")
        for line in told:
            console.print(Text(line))
    failed = {record.label: str(record.reason) for record in family.failed}
    print_remarks(console, [] if result.synthetic == "no" else [result.synthetic], failed=failed)
    print_places(console, family.folder, family.mlflow_run_id)


def _tables(result: SweepResult) -> Iterator[Table]:
    """All scores that lead, each interval beside or beneath; then fewer of them, from the last."""
    family, known = result.family, result.table[result.table["method"].notna()]
    scored, nulls = known[~known["method"].isin(NULLS)], known[known["method"].isin(NULLS)]
    columns = ["method", "score", "mean"]
    alike = len(nulls.drop_duplicates(columns)) == len(nulls.drop_duplicates(columns[:2]))
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
                shown = (mean_and_ends(by_score[name], between) for name in names)
                table.add_row(Text(f"  {method}"), *shown)
            for null, means in () if alike else null_lines(nulls[nulls["label"] == label]):
                table.add_row(f"  {null}", *(three_digits(means[name]) for name in names), style="dim")
        for null, means in null_lines(nulls.drop_duplicates(columns)) if alike else ():
            table.add_row(null, *(three_digits(means[name]) for name in names), style="dim")
        yield table
