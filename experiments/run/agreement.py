"""Whether two runs of one recipe agree, to the last digit."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from value_personas.signatures import Array, StoreError


@dataclass(frozen=True, slots=True)
class Agreement:
    """One table then and now.

    Attributes:
        table: its name.
        values: how many values were compared.
        differing: how many of them are not equal; what is undefined on both sides is equal.
        absent: rows that only one side has, and columns that only the earlier one has.
        largest: the largest absolute difference of numbers; infinite where one of the two is undefined.
        where: the cell of the largest difference, or the first that differs; empty where none does.
    """

    table: str
    values: int
    differing: int
    absent: int
    largest: float
    where: str

    @property
    def is_exact(self) -> bool:
        """Whether everything is there and equal."""
        return not self.differing and not self.absent


def compare_tables(name: str, then: pd.DataFrame, now: pd.DataFrame, keys: Sequence[str]) -> Agreement:
    """Compare every value, row by row as the keys name them.

    Args:
        name: of the table.
        then: the earlier table.
        now: the later one; columns that the earlier lacks are not looked at.
        keys: columns that together name a row.

    Raises:
        StoreError: when a table lacks one of them, or they name two rows alike.
    """
    columns = [column for column in then.columns if column not in keys]
    shared = [column for column in columns if column in now.columns]
    first, second = (_named_rows(name, table, keys) for table in (then, now))
    both = first.index.intersection(second.index, sort=False)
    absent = len(first) + len(second) - 2 * len(both) + len(columns) - len(shared)
    distance = np.zeros((len(both), len(shared)))
    for place, column in enumerate(shared):
        distance[:, place] = _distance(first.loc[both, column], second.loc[both, column])
    differing = int((distance > 0).sum())
    if not differing:
        return Agreement(name, distance.size, 0, absent, 0.0, "")
    row, place = divmod(int(distance.argmax()), len(shared))
    where = f"{shared[place]} of {' · '.join(both[row])}"
    return Agreement(name, distance.size, differing, absent, float(distance.max()), where)


def _named_rows(name: str, table: pd.DataFrame, keys: Sequence[str]) -> pd.DataFrame:
    """Rows by their keys, as texts: a CSV does not tell a number from its digits."""
    if not len(table):  # a table that was never made has no columns either
        table = table.reindex(columns=list(dict.fromkeys([*table.columns, *keys])))
    if lacking := [key for key in keys if key not in table.columns]:
        raise StoreError(f"table {name}: lacks the column {lacking[0]}; it is damaged")
    index = pd.MultiIndex.from_arrays([table[key].map(_text) for key in keys], names=list(keys))
    if not index.is_unique:
        twice = " · ".join(map(str, index[index.duplicated()][0]))
        raise StoreError(f"table {name}: holds {twice} twice; it is damaged")
    return table.set_axis(index, axis=0)


def _text(key: object) -> str:
    return f"{key:g}" if isinstance(key, int | float) else str(key)


def _distance(then: "pd.Series[float]", now: "pd.Series[float]") -> Array:
    """|difference|: 0 where equal or undefined on both sides, infinite where on one; 1 between texts."""
    if not (pd.api.types.is_numeric_dtype(then) and pd.api.types.is_numeric_dtype(now)):
        differs = then.fillna("").astype(str) != now.fillna("").astype(str)
        return np.asarray(differs, dtype=np.float64)
    a, b = then.to_numpy(np.float64), now.to_numpy(np.float64)
    with np.errstate(invalid="ignore"):
        return np.where((a == b) | (np.isnan(a) & np.isnan(b)), 0.0, np.nan_to_num(np.abs(a - b), nan=np.inf))
