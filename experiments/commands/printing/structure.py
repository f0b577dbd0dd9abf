"""The structure within countries on the terminal."""

import math

import pandas as pd
from rich.table import Table
from rich.text import Text

from value_personas.experiments.evaluation.structure import STRUCTURE
from value_personas.experiments.progress.console import plain_console
from value_personas.experiments.scoring.digits import three_digits


def print_structure(title: str, table: pd.DataFrame, level: float, meanings: bool) -> None:
    """A row for each kind and measure, beside people themselves and halves of them."""
    console = plain_console()
    shown = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False)
    for head in ("measure", "kind"):
        shown.add_column(head, no_wrap=True)
    for head in ("persons", f"{100 * level:g} % interval", "people", "halves"):
        shown.add_column(head, justify="right", no_wrap=True)
    for name, rows in table.groupby("measure", sort=False):
        measure = STRUCTURE[str(name)].heading if name in STRUCTURE else str(name)
        for place, row in enumerate(rows.to_dict("records")):
            ends = (
                "–"
                if math.isnan(row["lower"])
                else f"{three_digits(row['lower'])}–{three_digits(row['upper'])}"
            )
            figures = (three_digits(row[one]) for one in ("people", "ceiling"))
            first = "" if place else measure
            shown.add_row(first, str(row["kind"]), three_digits(row["estimate"]), ends, *figures)
    console.print(Text(f"{title} · structure within countries", style="italic"))
    console.print(shown)
    console.print(
        Text(
            "people: the same of people themselves; of the own answer, of the rule that all give the "
            "commonest. halves: one random half of people held against the other, as good as anything can be."
        )
    )
    for one in STRUCTURE.values() if meanings else ():
        console.print(Text(f"{one.heading}: {one.meaning}"))
