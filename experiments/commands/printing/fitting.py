"""Tables that fit the terminal."""

import math
from collections.abc import Hashable, Iterable, Mapping

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from value_personas.experiments.scoring.digits import three_digits

_WIDEST = 17
"""Beyond, the parts of a method's name stand on lines of their own where room is short."""


def fitting(console: Console, tables: Iterable[Table]) -> Table:
    """The first table that the terminal has room for; the last where it has room for none.

    Args:
        console: it is printed on.
        tables: the same figures, at least one table; columns give way in the order of the tables.
    """
    endless, given = console.options.update(width=_ENDLESS), iter(tables)
    table = next(given)
    while Measurement.get(console, endless, table).maximum > console.width:
        if (narrower := next(given, None)) is None:
            break
        table = narrower
    return table


_ENDLESS = 10_000


def mean_and_ends(row: Mapping[Hashable, float], between: str) -> str:
    """A mean and, where it has one, its interval."""
    mean, lower, upper = (three_digits(row[name]) for name in ("mean", "lower", "upper"))
    return mean if math.isnan(row["lower"]) else f"{mean}{between}{lower}–{upper}"


def in_lines(method: str) -> str:
    """A method's name with its parts on lines of their own.

    Example:
        >>> print(in_lines("values-hedged + calibrated"))
        values-hedged
          + calibrated
    """
    shown = method.replace(" + ", "\n  + ").replace(" (", "\n    (")
    return shown.replace("+", "\n  +", 1) if "\n" not in shown and len(shown) > _WIDEST else shown
