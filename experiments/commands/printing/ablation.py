"""An ablation on the terminal."""

import math
from collections.abc import Hashable, Mapping

from rich.table import Table
from rich.text import Text

from value_personas.experiments.ablation.ablate import AblationResult
from value_personas.experiments.commands.printing.console import print_places, print_remarks
from value_personas.experiments.commands.printing.run import hypothesis_lines
from value_personas.experiments.progress.console import plain_console
from value_personas.experiments.scoring import heading
from value_personas.experiments.scoring.digits import three_digits

__all__ = ["print_ablation"]


def print_ablation(result: AblationResult) -> None:
    """A row for each variant, grouped by factor; then what failed, and where everything lies."""
    console = plain_console()
    console.print(_table(result))
    for line in hypothesis_lines(result.hypotheses):
        console.print(Text(line))
    print_remarks(console, result.synthetic, result.notes, result.missing)
    print_places(console, result.family.folder, result.family.mlflow_run_id)


def _table(result: AblationResult) -> Table:
    scores = result.family.recipe.ablation.scores
    level = round(100 * result.family.recipe.scoring.level)
    caption = f"variant − base with {level} % intervals; below 0 the variant is better; p: Holm"
    table = Table(title=result.title, caption=caption, box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("factor, level", overflow="fold")
    for score in scores:
        table.add_column(heading(score), justify="right", no_wrap=True)
        table.add_column("p", justify="right", no_wrap=True)
    every = result.table[result.table["group"] == "all"]
    table.add_row(Text(f"base: {result.base.method}", style="bold"), *_base_cells(result))
    for factor, rows in every.groupby("factor", sort=False):
        table.add_row(Text(str(factor), style="bold"))
        for _, variant in rows.groupby("label", sort=False):
            by_score = variant.set_index("score").to_dict("index")
            cells = [text for score in scores for text in _cells(by_score[score])]
            table.add_row(Text(f"  {variant['level'].iloc[0]}"), *cells)
    return table


def _base_cells(result: AblationResult) -> list[str]:
    every = result.table[result.table["group"] == "all"].drop_duplicates("score")
    errors = dict(zip(every["score"], every["baseline"], strict=True))
    scores = result.family.recipe.ablation.scores
    return [text for score in scores for text in (three_digits(errors[score]), "")]


def _cells(row: Mapping[Hashable, float]) -> tuple[str, str]:
    if math.isnan(row["difference"]):
        return "not estimated", ""
    bounds = "" if math.isnan(row["lower"]) else f" {_signed(row['lower'])}…{_signed(row['upper'])}"
    return f"{_signed(row['difference'])}{bounds}", three_digits(row["holm_p"])


def _signed(value: float) -> str:
    return ("+" if value >= 0 else "−") + three_digits(abs(value))
