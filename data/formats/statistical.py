"""SPSS, Stata and SAS files, through pyreadstat (ReadStat)."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd

from value_personas.data.formats.base import Format, Header, MissingRange, first_line
from value_personas.data.formats.isolated import (
    DeadReaderError,
    Metadata,
    UnreadableError,
    read_isolated,
)
from value_personas.signatures import SurveyError

_READERS = {
    ".sav": "read_sav",
    ".zsav": "read_sav",
    ".por": "read_por",
    ".dta": "read_dta",
    ".sas7bdat": "read_sas7bdat",
    ".xpt": "read_xport",
}

# No cell takes less, compressed or not.
_A_BYTE_A_CELL = {".sav", ".dta"}

# Not for the formats whose readers do not know the argument.
_USER_MISSING = {".sav", ".zsav", ".dta", ".sas7bdat"}


def _call(
    path: Path, encoding: str | None, rows: int | None = None, **arguments: Any
) -> tuple[pd.DataFrame, Metadata]:
    """Call the reader of the suffix; every way it has of failing becomes one line."""
    suffix = path.suffix.lower()
    # Dates are never needed here, and a date outside Python's range would overflow.
    arguments["disable_datetime_conversion"] = True
    if suffix in _USER_MISSING:
        arguments["user_missing"] = True  # else declared missing codes are indistinguishable from NaN
    if encoding is not None:
        arguments["encoding"] = encoding
    try:
        return read_isolated(_READERS[suffix], path, arguments, rows)
    except UnreadableError as error:
        raise SurveyError(_explain(path, first_line(error), encoding)) from error
    except DeadReaderError as error:
        if str(error) == "SIGKILL":  # the system's own way to get memory back
            raise SurveyError(_too_large(path)) from error
        raise SurveyError(
            f"{path}: the file is damaged: reading it ends the reader ({error}); download it again"
        ) from error


def _too_large(path: Path) -> str:
    return (
        f"{path}: reading it takes more than half of this machine's memory; keep fewer columns in the file, "
        "or check that it is no damaged one"
    )


def _explain(path: Path, reason: str, encoding: str | None) -> str:
    if "allocate memory" in reason:
        return _too_large(path)
    if re.search("encod|convert string|codec|utf|character set", reason, re.IGNORECASE):
        tried = f"encoding {encoding!r}" if encoding else "the encoding it declares"
        return (
            f"{path}: its texts cannot be read in {tried} ({reason}); name another: --encoding cp1252 "
            '(in a recipe: survey.encoding = "cp1252")'
        )
    return f"{path}: not readable as a {path.suffix} file ({reason}); check that the download is complete"


def _metadata(path: Path, encoding: str | None) -> Metadata:
    _, meta = _call(path, encoding, metadataonly=True)
    cells = (meta.number_rows or 0) * len(meta.column_names)
    if path.suffix.lower() in _A_BYTE_A_CELL and cells > (size := path.stat().st_size):
        raise SurveyError(
            f"{path}: says that it holds {meta.number_rows:,} records, more than its {size:,} bytes can; "
            "the file is damaged: download it again"
        )
    return meta


def _inspect(path: Path, encoding: str | None) -> Header:
    meta = _metadata(path, encoding)
    return header_from_metadata(path, meta, encoding)


def header_from_metadata(path: Path, meta: Metadata, encoding: str | None) -> Header:
    """Translate pyreadstat's metadata."""
    columns = tuple(meta.column_names)
    repeated = [name for name in columns if re.search(r"_duplicated\d+$", name)]
    notes = []
    if repeated:
        notes.append(
            f"{path.name} holds {len(repeated)} repeated variable name(s), such as "
            f"{repeated[0].rsplit('_duplicated', 1)[0]}; the first of each is the one that is read."
        )
    labels = {name: text for name, text in meta.column_names_to_labels.items() if text}
    return Header(
        path=path,
        columns=tuple(name for name in columns if name not in set(repeated)),
        labels=labels,
        value_labels={name: dict(pairs) for name, pairs in meta.variable_value_labels.items()},
        missing=_missing(meta),
        rows=meta.number_rows,
        notes=tuple(notes),
        settings={"encoding": encoding} if encoding else {},
    )


def _missing(meta: Metadata) -> dict[str, tuple[MissingRange, ...]]:
    declared: dict[str, tuple[MissingRange, ...]] = {}
    ranges: Mapping[str, Sequence[Mapping[str, Any]]] = meta.missing_ranges or {}
    for name, found in ranges.items():
        declared[name] = tuple((part["lo"], part["hi"]) for part in found)
    return declared


def _inspect_tagged(letters: tuple[MissingRange, ...]) -> Callable[[Path, str | None], Header]:
    """Stata's .a … .z and SAS's .A … .Z arrive as letters in columns of numbers.

    Which of them occur is only known from the records, so each such column declares all of them.
    """

    def inspect(path: Path, encoding: str | None) -> Header:
        meta = _metadata(path, encoding)
        header = header_from_metadata(path, meta, encoding)
        numeric = [name for name in header.columns if meta.readstat_variable_types[name] != "string"]
        return replace(header, missing={**header.missing, **dict.fromkeys(numeric, letters)})

    return inspect


def _read(header: Header, columns: Sequence[str]) -> pd.DataFrame:
    frame, _ = _call(header.path, header.settings.get("encoding"), header.rows, usecols=list(columns))
    absent = [name for name in columns if name not in frame.columns]  # silently ignored by pyreadstat
    if absent:
        raise SurveyError(f"{header.path}: no column {absent[0]!r}; the file changed while it was read")
    result: pd.DataFrame = frame[list(columns)]
    return result


SPSS = Format("SPSS", (".sav", ".zsav"), _inspect, _read)
SPSS_PORTABLE = Format("SPSS portable", (".por",), _inspect, _read)
STATA = Format("Stata", (".dta",), _inspect_tagged((("a", "z"),)), _read)
SAS = Format("SAS", (".sas7bdat",), _inspect_tagged((("A", "Z"), ("_", "_"))), _read)
SAS_TRANSPORT = Format("SAS transport", (".xpt",), _inspect, _read)
