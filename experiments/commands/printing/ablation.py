"""An ablation on the terminal."""

import math
from collections.abc import Hashable, Iterator, Mapping

from rich.table import Table
from rich.text import Text

from value_personas.experiments.ablation.ablate import AblationResult
from value_personas.experiments.commands.printing.console import print_places, print_remarks
from value_personas.experiments.commands.printing.fitting import fitting
from value_personas.experiments.commands.printing.nulls import beside_nothing, null_lines
from value_personas.experiments.commands.printing.run import hypothesis_lines
from value_personas.experiments.progress.console import plain_console
from value_personas.experiments.recipe.record import recipe_hash
from value_personas.experiments.scoring import heading
from value_personas.experiments.scoring.digits import of_p, three_digits


def print_ablation(result: AblationResult) -> None:
    """A row for each variant, grouped by factor; then what failed, and where everything lies."""
    console = plain_console()
    console.print(fitting(console, _tables(result)))
    if result.no_better:
        console.print(Text(beside_nothing(result.no_better)))
    for line in hypothesis_lines(result.hypotheses, recipe_hash(result.family.recipe)):
        console.print(Text(line))
    print_remarks(console, result.synthetic, result.notes, result.missing)
    print_places(console, result.family.folder, result.family.mlflow_run_id)


def _tables(result: AblationResult) -> Iterator[Table]:
    """Each interval beside its difference or beneath; then fewer scores, from the last."""
    scores = result.family.recipe.ablation.scores
    level = round(100 * result.family.recipe.scoring.level)
    caption = f"variant − base with {level} % intervals; below 0 the variant is better; p: Holm"
    every = result.table[result.table["group"] == "all"]
    base = every.drop_duplicates("score").set_index("score")["baseline"]
    for names, between in [(scores, " "), *((scores[:n], "\n") for n in range(len(scores), 0, -1))]:
        table = Table(title=result.title, caption=caption, box=None, padding=(0, 1, 0, 0), pad_edge=False)
        table.add_column("factor, level", no_wrap=True)
        for score in names:
            table.add_column(heading(score), justify="right", no_wrap=True)
            table.add_column("p", justify="right", no_wrap=True)
        baseline = [text for score in names for text in (three_digits(base[score]), "")]
        table.add_row(Text(f"base: {result.base.method}", style="bold"), *baseline)
        for factor, rows in every.groupby("factor", sort=False):
            table.add_row(Text(str(factor), style="bold"))
            for _, variant in rows.groupby("label", sort=False):
                by_score = variant.set_index("score").to_dict("index")
                cells = [text for score in names for text in _cells(by_score[score], between)]
                table.add_row(Text(f"  {variant['level'].iloc[0]}"), *cells)
        for number, (null, means) in enumerate(null_lines(result.nulls)):
            if not number:
                table.add_row(Text("errors of what knows nothing", style="bold"))
            of = [text for score in names for text in (three_digits(means[score]), "")]
            table.add_row(f"  {null}", *of, style="dim")
        yield table


def _cells(row: Mapping[Hashable, float], between: str) -> tuple[str, str]:
    if math.isnan(row["difference"]):
        return "not estimated", ""
    known = not math.isnan(row["lower"])
    bounds = f"{between}{_signed(row['lower'])}…{_signed(row['upper'])}" if known else ""
    return f"{_signed(row['difference'])}{bounds}", of_p(row["holm_p"])


def _signed(value: float) -> str:
    return ("+" if value >= 0 else "−") + three_digits(abs(value))
