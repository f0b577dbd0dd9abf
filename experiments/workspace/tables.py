"""Tables on disk: Parquet, which keeps every digit, and the CSV that people open."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from value_personas.data import first_line
from value_personas.signatures import StoreError

_BEGINS_A_FORMULA = ("=", "+", "-", "@", "\t", "\n")


def check_rows(
    path: Path, table: pd.DataFrame, keys: Sequence[str], values: Sequence[str] = ()
) -> pd.DataFrame:
    """A table as it is, once it is certain to have its columns and each row once.

    Args:
        path: what an error names.
        table: of a run.
        keys: columns that together name a row.
        values: further columns that it must have.

    Raises:
        StoreError: when it lacks a column, or its keys name two rows alike.
    """
    if lacking := [column for column in (*keys, *values) if column not in table.columns]:
        raise StoreError(f"{path}: damaged: lacks the column {lacking[0]}")
    if (twice := table.duplicated(list(keys))).any():
        row = " · ".join(map(str, table.loc[twice, list(keys)].iloc[0]))
        raise StoreError(f"{path}: damaged: holds {row} twice")
    return table


def with_numbers(path: Path, table: pd.DataFrame, columns: Sequence[str]) -> pd.DataFrame:
    """A table with numbers in some columns; args and raises as ``check_rows``."""
    try:
        return table.astype(dict.fromkeys(columns, float))
    except (TypeError, ValueError) as error:
        raise StoreError(f"{path}: damaged: {first_line(error)}") from None


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet, which keeps every digit, and as the CSV that people open.

    Args:
        path: without a suffix.
        table: columns of one type each.
    """
    table.to_parquet(path.with_suffix(".parquet"), index=False)
    write_csv(path.with_suffix(".csv"), table)


def write_csv(path: Path, table: pd.DataFrame, *, after_others: bool = False) -> None:
    """Write a CSV in which no spreadsheet finds a formula: such a text begins with an apostrophe.

    Texts come from files and models of unknown origin; numbers stay as they are. ``as_written`` takes the
    apostrophe away. A carriage return becomes a line feed.

    Args:
        path: the file.
        table: any.
        after_others: whether the rows are added to those of the file, which has the heading.
    """
    texts = {
        column: table[column].map(_no_formula)
        for column in table.columns
        if not pd.api.types.is_numeric_dtype(table[column]) and _has_formula(table[column])
    }
    safe = table.assign(**texts).rename(columns=_no_formula)
    safe.to_csv(path, index=False, mode="a" if after_others else "w", header=not after_others)


def as_written(text: str) -> str:
    """A text of a CSV without the apostrophe that ``write_csv`` set before it."""
    return text[1:] if text[:1] == "'" and text[1:2] in _BEGINS_A_FORMULA else text


def _has_formula(column: "pd.Series[Any]") -> bool:
    return any(_no_formula(value) is not value for value in column.unique())


def _no_formula(value: Any) -> Any:
    if not isinstance(value, str):
        return value
    # A carriage return is not quoted, and so would end the row: what follows it began another.
    lines = value.replace("\r\n", "\n").replace("\r", "\n") if "\r" in value else value
    return f"'{lines}" if lines.startswith(_BEGINS_A_FORMULA) else lines


def read_table(path: Path) -> pd.DataFrame:
    """A table of a run, to the last digit; ``path`` is without a suffix. Older runs have but the CSV.

    Raises:
        StoreError: when it is absent or damaged.
    """
    whole = path.with_suffix(".parquet")
    try:
        return pd.read_parquet(whole) if whole.is_file() else pd.read_csv(path.with_suffix(".csv"))
    except pd.errors.EmptyDataError:  # a table without a column
        return pd.DataFrame()
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: damaged: {first_line(error)}") from None
