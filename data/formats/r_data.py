"""R's .rds and .RData, through pyreadr (an optional dependency)."""

from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from value_personas.data.formats.base import Format, Header, damaged
from value_personas.data.formats.column_names import clean_columns
from value_personas.signatures import SurveyError


def _first_frame(path: Path) -> pd.DataFrame:
    try:
        import pyreadr
    except ModuleNotFoundError as error:
        raise SurveyError(
            f"{path}: reading R files needs pyreadr; install it with pip install 'value-personas[r]'"
        ) from error
    try:
        objects = pyreadr.read_r(str(path))
    except (pyreadr.custom_errors.PyreadrError, pyreadr.LibrdataError, ValueError, OSError) as error:
        raise SurveyError(damaged(path, "an R data file", error)) from error
    frames = [value for value in objects.values() if isinstance(value, pd.DataFrame)]
    if not frames:
        raise SurveyError(f"{path}: holds no data frame; save the survey with saveRDS(data, file)")
    return frames[0]


def _inspect(path: Path, encoding: str | None) -> Header:
    # The format cannot be read in part; the frame is read again for its columns rather than kept in memory.
    frame = _first_frame(path)
    columns, stored, labels, _ = clean_columns([str(name) for name in frame.columns])
    note = "R's missing values carry no reason, so all missing answers count as system_missing."
    return Header(path, columns, stored, labels, rows=len(frame), notes=(note,))


def _read(header: Header, columns: Sequence[str]) -> pd.DataFrame:
    frame = _first_frame(header.path)
    stored = [header.stored.get(name, name) for name in columns]
    return frame[stored].set_axis(list(columns), axis=1)


R_DATA = Format("R", (".rds", ".rdata", ".rda"), _inspect, _read)
