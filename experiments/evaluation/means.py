"""Means of methods over cells, as a run's files keep them."""

from typing import Annotated, Any

import numpy as np
import pandas as pd
from pydantic import Field, PlainSerializer, PlainValidator, TypeAdapter

from value_personas.experiments.workspace.json_file import Figure, FileModel


class _SummaryRow(FileModel):
    """A method's mean score with its interval; 0.1.0 did not count the cells."""

    method: str
    score: str
    mean: Figure
    lower: Figure
    upper: Figure
    cells: int | None = Field(default=None, exclude_if=lambda cells: cells is None)


def _summary_table(rows: Any) -> pd.DataFrame:
    if isinstance(rows, pd.DataFrame):
        return rows
    return pd.DataFrame([row.model_dump() for row in TypeAdapter(list[_SummaryRow]).validate_python(rows)])


def _summary_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = [_SummaryRow.model_validate(row) for row in table.to_dict("records")]
    return [row.model_dump(mode="json") for row in rows]


def _floor_series(figures: Any) -> "pd.Series[float]":
    if isinstance(figures, pd.Series):
        return figures
    return pd.Series(TypeAdapter(dict[str, Figure]).validate_python(figures), dtype=float)


def _floor_figures(floor: "pd.Series[float]") -> dict[str, float | None]:
    return {str(name): float(value) if np.isfinite(value) else None for name, value in floor.items()}


Summary = Annotated[pd.DataFrame, PlainValidator(_summary_table), PlainSerializer(_summary_rows)]
"""A method's mean scores with their intervals, a row each; in a file the same rows."""


class Means(FileModel):
    """Means over a block of cells; in a file the tables are rows and figures.

    Attributes:
        summary: one row for each method × headline score, with its interval.
        floor: headline score → the human sample's own error.
    """

    summary: Summary
    floor: Annotated[pd.Series, PlainValidator(_floor_series), PlainSerializer(_floor_figures)]


class HeldOut(Means):
    """The methods on cells whose country and question had no part in a tuning or in the fit of a calibration.

    Attributes:
        summary: as of ``RunResult``, over these cells alone.
        floor: likewise.
        countries: C countries.
        questions: M questions; the cells are all C × M.
    """

    countries: int
    questions: int
