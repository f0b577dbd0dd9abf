"""A run on the terminal."""

import math
from collections.abc import Hashable, Mapping

import pandas as pd
from rich.console import Group
from rich.table import Table
from rich.text import Text

from value_personas.experiments.commands.printing.console import plain_console, print_places
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.scoring import directions, heading
from value_personas.experiments.scoring.digits import three_digits

__all__ = ["print_result", "score_table"]


_WIDEST = 17
"""Beyond, the parts of a method's name stand on lines of their own, and leave figures their room."""


def print_result(result: RunResult) -> None:
    """The table of methods with intervals, the noise floor beneath, and where everything lies."""
    console = plain_console()
    console.print(score_table(result.title, result.summary, result.recipe.scoring.level, result.floor))
    if (held_out := result.held_out) is not None:
        title = f"\nheld-out alone · {held_out.countries} × {held_out.questions} that nothing was fitted on"
        console.print(score_table(title, held_out.summary, result.recipe.scoring.level, held_out.floor))
    for line in result.footnotes():
        console.print(Text(line))
    print_places(
        console, result.folder, result.mlflow_run_id, report=f"value-personas report {result.folder}"
    )


def score_table(
    title: str, summary: pd.DataFrame, level: float, floor: "pd.Series[float] | None" = None
) -> Group:
    """The scores of each method, narrow enough for a terminal of 80 columns.

    Args:
        title: printed above.
        summary: columns method, score, mean, lower, upper, cells; NaN for a method that is not ranked.
        level: of the intervals, 0–1.
        floor: the noise floor by score, set beneath the methods; left out where there is none.
    """
    names = summary["score"].unique().tolist()
    caption = f"means over {cells_of(summary)}, {round(100 * level)} % intervals; {directions(names)}"
    table = Table(caption=caption, box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("method", no_wrap=True)
    for name in names:
        narrow = heading(name).replace(" ", "\n").replace("Wasserstein", "Wasser-\nstein")
        table.add_column(narrow, justify="right", no_wrap=True)
    for method, scores in summary.groupby("method", sort=False):
        by_name = scores.set_index("score").to_dict("index")
        told = str(method).replace(" + ", "\n  + ").replace(" (", "\n    (")
        if "\n" not in told and len(told) > _WIDEST:
            told = told.replace("+", "\n  +", 1)
        table.add_row(told, *(_cell(by_name[score]) for score in names))
    if floor is not None:
        table.add_row()
        table.add_row("noise floor", *(three_digits(floor[name]) for name in names))
    return Group(Text(title, style="italic"), table)  # a table's own title would wrap at the table's width


def cells_of(summary: pd.DataFrame) -> str:
    """On what a table rests: the cells that all its ranked methods have."""
    ranked = summary.dropna(subset="mean")
    if "cells" not in ranked or ranked.empty:
        return "cells"
    return f"{int(ranked['cells'].max()):,} cells"


def _cell(row: Mapping[Hashable, float]) -> Text:
    if math.isnan(row["mean"]):
        return Text("–", style="dim")
    return Text(f"{three_digits(row['mean'])}\n{three_digits(row['lower'])}–{three_digits(row['upper'])}")
