"""A search over the recipe on the terminal."""

import json

from rich.table import Table
from rich.text import Text

from value_personas.experiments.commands.printing.console import print_places, print_remarks, print_study
from value_personas.experiments.progress.console import plain_console
from value_personas.experiments.scoring import error_heading
from value_personas.experiments.scoring.digits import of_p, three_digits
from value_personas.experiments.search import SearchResult


def print_search(result: SearchResult) -> None:
    """The verdict, the setting, what it is worth in training and on held-out countries, and the study."""
    console = plain_console()
    ended = result.trials["state"].value_counts().to_dict()
    tried = ", ".join(f"{n} {state}" for state, n in ended.items())
    said = f"{len(result.trials)} settings tried: {tried}"
    console.print(Text(f"{result.recipe.name} · {result.method} · {said}"))
    console.print(Text(result.verdict, style="bold"))
    for key, value in result.best.items():
        console.print(Text(f"  {key} = {json.dumps(value, ensure_ascii=False)}"))
    console.print(_training(result))
    if len(result.judged):
        console.print(_judged(result))
    print_remarks(console, result.synthetic)
    print_places(console, result.folder, result.mlflow_run_id)
    print_study(console, result.study, result.storage)


def _training(result: SearchResult) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, title="on training countries")
    for head in ("objective", "as it stood", "chosen"):
        table.add_column(head, justify="left" if head == "objective" else "right", no_wrap=True)
    for row in result.training.to_dict("records"):
        table.add_row(
            error_heading(str(row["objective"])), *(_figure(row[k]) for k in ("original", "chosen"))
        )
    return table


def _judged(result: SearchResult) -> Table:
    title = f"on held-out {', '.join(result.held_out)}; below 0 the chosen is better"
    table = Table(box=None, padding=(0, 2, 0, 0), pad_edge=False, title=title)
    for head in ("score", "cells", "as it stood", "chosen", "difference", "interval", "p"):
        table.add_column(head, justify="left" if head == "score" else "right", no_wrap=True)
    for row in result.judged.to_dict("records"):
        ends = f"{three_digits(row['lower'], signed=True)} to {three_digits(row['upper'], signed=True)}"
        table.add_row(
            error_heading(str(row["score"])),
            str(row["cells"]),
            _figure(row["original"]),
            _figure(row["chosen"]),
            three_digits(row["difference"], signed=True),
            ends,
            of_p(row["p"]),
        )
    return table


def _figure(value: float) -> str:
    return "–" if value != value else three_digits(value)
