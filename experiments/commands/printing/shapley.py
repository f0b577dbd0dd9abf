"""Shapley values on the terminal."""

from collections.abc import Hashable, Mapping

import pandas as pd
from rich.table import Table
from rich.text import Text

from value_personas.experiments.commands.printing.console import print_places
from value_personas.experiments.progress.console import plain_console
from value_personas.experiments.shapley.result import ShapleyResult
from value_personas.experiments.shapley.tables import ALL


def print_shapley(result: ShapleyResult) -> None:
    """The players over all countries, whether they add up, and where the rest lies: the page has it all."""
    console = plain_console()
    console.print(_players(result))
    if "axes" in result.tables:
        for row in result.over_all("axes").to_dict("records"):
            console.print(Text(f"axis {row['name']}: {_interval(row)}"))
    apart = result.checks["gap"].abs().max()
    console.print(Text(f"values add up to v(all) − v(∅) in every country, within {apart:.0e}"))
    if not pd.isna(result.floor):
        console.print(Text(f"noise floor {result.floor:.4f}: no v is to be read as better than that"))
    if result.nulls:
        console.print(Text(f"what knows nothing: {_nulls(result)}"))
    for note in result.notes:
        console.print(Text(f"· {note}"))
    usage = result.usage
    console.print(
        Text(
            f"{usage['calls']:,.0f} calls, {usage['stored']:,.0f} answers from the store, at most "
            f"{result.calls_at_most:,} stated; {result.seconds:.1f} s"
        )
    )
    print_places(console, result.folder, result.mlflow_run_id)


def _nulls(result: ShapleyResult) -> str:
    """V of each null, and of no item, which is to be read beside it."""
    empty = float(result.checks.set_index("country")["v_empty"].loc[ALL])
    return f"{', '.join(f'{name} {v:.4f}' for name, v in result.nulls.items())}; no item told {empty:.4f}"


def _players(result: ShapleyResult) -> Table:
    level = round(100 * result.recipe.scoring.level)
    caption = f"change of the error ({result.measure}), {level} % intervals\nnegative: the item lowers it"
    table = Table(title=result.title, caption=caption, box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("item", no_wrap=True)
    for heading in ("Shapley value", "added last", "alone"):
        table.add_column(heading, justify="right", no_wrap=True)
    columns = ("leave_one_out", "only_one")
    others = [result.over_all(name).set_index("player")["value"].to_dict() for name in columns]
    for row in result.over_all().to_dict("records"):
        player = row["player"]
        name = player if row["name"] == player else f"{row['name']} ({player})"
        table.add_row(name, _interval(row), *(f"{other[player]:+.4f}" for other in others))
    (total,) = result.over_all("total").to_dict("records")
    table.add_row("all together", _interval(total))
    return table


def _interval(row: Mapping[Hashable, float]) -> str:
    return f"{row['value']:+.4f}  {row['lower']:+.4f} … {row['upper']:+.4f}"
