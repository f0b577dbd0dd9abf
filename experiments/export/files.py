"""A sheet written as SPSS, Stata, Parquet or CSV."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pyreadstat

from value_personas.experiments.export.variables import Sheet, Variable, distinct_labels, plain_text
from value_personas.experiments.workspace.tables import write_csv

_SAV_LABEL, _SAV_VALUE_LABEL, _SAV_TITLE, _SAV_LINE = 256, 120, 64, 80
"""SPSS's limits, in bytes."""

_DTA_LABEL, _DTA_VALUE_LABEL, _DTA_TITLE = 80, 32_000, 64
"""Stata's: characters of a label and the title, bytes of a value label."""

_DTA_VERSION = 14
"""Stata 14 and later read it (format 118), the first that is UTF-8."""


def _write_sav(sheet: Sheet, path: Path) -> int:
    """Missing answers are codes in a user-missing range, each labelled with its reason."""
    pyreadstat.write_sav(
        sheet.frame,  # pyright: ignore[reportArgumentType]  typed as Narwhals, takes pandas
        str(path),
        file_label=plain_text(sheet.title, _SAV_TITLE, "bytes"),
        column_labels={v.name: plain_text(v.label, _SAV_LABEL, "bytes") for v in sheet.variables},
        variable_value_labels={v.name: _sav_labels(v) for v in sheet.variables if v.labels or v.missing},
        missing_ranges={
            v.name: [{"lo": min(v.missing), "hi": max(v.missing)}] for v in sheet.variables if v.missing
        },
        variable_measure={v.name: v.measure for v in sheet.variables},
        variable_format={v.name: "F8.0" for v in sheet.variables if _is_whole(sheet.frame[v.name])},
        note=[line for note in sheet.notes for line in _lines(note)],
        row_compress=True,
    )
    return len(sheet.frame)


def _lines(note: str) -> list[str]:
    """A note broken between words, for SPSS keeps it in lines."""
    lines = [""]
    for word in note.split():
        longer = f"{lines[-1]} {word}".strip()
        if len(longer.encode()) <= _SAV_LINE:
            lines[-1] = longer
        else:
            lines.append(plain_text(word, _SAV_LINE, "bytes"))
    return lines


def _sav_labels(variable: Variable) -> dict[float, str]:
    labels = {**variable.labels, **variable.missing}
    return dict(zip(labels, distinct_labels(list(labels.values()), _SAV_VALUE_LABEL, "bytes"), strict=True))


def _write_dta(sheet: Sheet, path: Path) -> int:
    """Missing answers are Stata's extended missing values .a, .b …, each labelled with its reason."""
    frame = sheet.frame.copy()
    letters = {}
    for variable in sheet.variables:
        if variable.missing:
            letter_of = dict(zip(variable.missing, "abcdefghijklmnopqrstuvwxyz", strict=False))
            letters[variable.name] = list(letter_of.values())
            column = frame[variable.name].astype(object)
            frame[variable.name] = column.map(lambda code, known=letter_of: known.get(code, code))
    pyreadstat.write_dta(
        frame,  # pyright: ignore[reportArgumentType]  typed as Narwhals, takes pandas
        str(path),
        version=_DTA_VERSION,
        file_label=plain_text(sheet.title, _DTA_TITLE, "characters"),
        column_labels={v.name: plain_text(v.label, _DTA_LABEL, "characters") for v in sheet.variables},
        variable_value_labels={v.name: found for v in sheet.variables if (found := _dta_labels(v))},
        missing_user_values=letters,
    )
    return len(sheet.frame)


def _dta_labels(variable: Variable) -> dict[Any, str]:
    """Stata labels whole numbers alone; a scale of others keeps its codes and goes without."""
    if not all(float(value).is_integer() for value in variable.labels):
        return {}
    labels = [*variable.labels.values(), *variable.missing.values()]
    values: list[Any] = [int(value) for value in variable.labels]
    values += list("abcdefghijklmnopqrstuvwxyz"[: len(variable.missing)])
    return dict(zip(values, distinct_labels(labels, _DTA_VALUE_LABEL, "bytes"), strict=True))


def _plain(sheet: Sheet) -> pd.DataFrame:
    """Whole numbers as such; a missing answer is empty, for nothing here marks a code as missing."""
    columns = {}
    for variable in sheet.variables:
        column = sheet.frame[variable.name]
        if pd.api.types.is_numeric_dtype(column):
            known = column.mask(column.isin(list(variable.missing)))
            column = known.astype("Int64") if _is_whole(known) else known
        columns[variable.name] = column
    return pd.DataFrame(columns)


def _is_whole(column: "pd.Series[float]") -> bool:
    """Whether a column holds whole numbers, at least one."""
    known = column.dropna()
    return bool(pd.api.types.is_numeric_dtype(column) and len(known) and (known % 1 == 0).all())


def _write_parquet(sheet: Sheet, path: Path) -> int:
    _plain(sheet).to_parquet(path, index=False)
    return len(sheet.frame)


def _write_csv(sheet: Sheet, path: Path) -> int:
    write_csv(path, _plain(sheet))
    return len(sheet.frame)


WRITERS: dict[str, Callable[[Sheet, Path], int]] = {
    ".sav": _write_sav,
    ".dta": _write_dta,
    ".parquet": _write_parquet,
    ".csv": _write_csv,
}
"""Suffix → what writes a sheet and says how many rows it has."""

TIDY = (".parquet", ".csv")
"""Suffixes of formats in which the tidy table is written too."""


def write_tidy(frames: Iterator[pd.DataFrame], path: Path, suffix: str) -> int:
    """Write a long table part by part, so that it never lies in memory as a whole.

    Returns:
        Its rows.
    """
    rows = 0
    parquet: Any = None
    try:
        for frame in frames:
            if suffix == ".csv":
                write_csv(path, frame, after_others=rows > 0)
            else:
                table = pa.Table.from_pandas(frame, preserve_index=False)
                parquet = parquet or pq.ParquetWriter(path, table.schema)
                parquet.write_table(table)
            rows += len(frame)
    finally:
        if parquet is not None:
            parquet.close()
    return rows
