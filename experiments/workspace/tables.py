"""Tables on disk: Parquet, which keeps every digit, and the CSV that people open."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from value_personas.data import first_line
from value_personas.signatures import StoreError

__all__ = ["check_rows", "read_table", "with_numbers", "write_table"]


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
    table.to_csv(path.with_suffix(".csv"), index=False)


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
