"""Tables that fit the terminal."""

from collections.abc import Iterable

from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

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


def in_lines(method: str) -> str:
    """A method's name with its parts on lines of their own.

    Example:
        >>> print(in_lines("values-hedged + calibrated"))
        values-hedged
          + calibrated
    """
    shown = method.replace(" + ", "\n  + ").replace(" (", "\n    (")
    return shown.replace("+", "\n  +", 1) if "\n" not in shown and len(shown) > _WIDEST else shown
