"""``value-personas baselines``: how far one comes on published distributions without any model."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from value_personas.experiments.commands.options import JsonOption, give

if TYPE_CHECKING:
    from value_personas.experiments.evaluation.published import PublishedComparison

__all__ = ["baselines"]


def baselines(
    file: Annotated[Path, typer.Argument(help="A table with the columns country, qid, opt and pct.")],
    neighbours: Annotated[int, typer.Option(min=1, help="Countries next on the cultural map.")] = 3,
    seed: Annotated[int, typer.Option(min=0, help="Of what comparators draw.")] = 0,
    as_json: JsonOption = False,
) -> None:
    """Predict each country of a table of answer distributions from the other countries.

    By every comparator that needs no respondents, for example the mean of all others. With the records of
    respondents, name comparators in a recipe instead, comparators.names: {comparators}.
    """
    from value_personas.experiments.evaluation.published import compare_published

    found = compare_published(file, neighbours=neighbours, seed=seed)
    give(found, _print, as_json)


def _print(found: "PublishedComparison") -> None:
    from rich.text import Text

    from value_personas.experiments.commands.printing.console import plain_console
    from value_personas.experiments.commands.printing.run import score_table

    console = plain_console()
    console.print(score_table(found.title, found.summary, found.level))
    for note in found.notes:
        console.print(Text(f"note: {note}"))
