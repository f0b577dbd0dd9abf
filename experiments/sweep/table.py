"""All cells of a sweep in one table."""

import json
from collections.abc import Hashable, Iterator
from typing import Any

import pandas as pd

from value_personas.experiments.fieldwork.synthetic import in_words
from value_personas.experiments.run.record import Result
from value_personas.experiments.sweep.family import Family
from value_personas.experiments.sweep.records import CellRecord


def sweep_table(family: Family) -> pd.DataFrame:
    """One row for each cell × method × headline score, what knows nothing last; one for each that failed."""
    table = pd.DataFrame([row for record in family.records for row in _rows(family, record)])
    for key in _varied_keys(family):
        table[key] = _one_type(table[key])
    return table


def sweep_metrics(family: Family) -> dict[str, float]:
    """The parent's figures: how many cells there are, and how many failed."""
    return {"cells": float(len(family.records)), "failed": float(len(family.failed))}


def _varied_keys(family: Family) -> list[str]:
    return list(dict.fromkeys(key for record in family.records for key in record.settings))


def _rows(family: Family, record: CellRecord) -> Iterator[dict[str, Any]]:
    settings = {key: record.settings.get(key) for key in _varied_keys(family)}
    cell = {"cell": record.key, "label": record.label, **settings}
    where = {"run": record.run, "mlflow_run_id": record.mlflow_run_id, "reason": record.reason}
    figures = family.figures(record)
    if figures is None:
        unknown = dict.fromkeys(
            ("method", "score", "mean", "lower", "upper", "floor", "missing", "synthetic")
        )
        yield cell | unknown | where
        return
    missing = sum(sum(reasons.values()) for reasons in figures.missing.values())
    synthetic = in_words(figures.synthetic)
    for row in [*figures.summary.to_dict("records"), *_nulls(figures)]:
        of_all = {"floor": figures.floor[row["score"]], "missing": missing, "synthetic": synthetic}
        yield cell | {str(name): value for name, value in row.items()} | of_all | where


def _nulls(figures: Result) -> list[dict[Hashable, Any]]:
    """Rows of what knows nothing, but for what the recipe names as a comparator."""
    named = set(figures.summary["method"])
    return [row for row in figures.nulls.to_dict("records") if row["method"] not in named]


def _one_type(values: "pd.Series[Any]") -> "pd.Series[Any]":
    """Numbers as numbers; anything else as text, so that one column of a Parquet file holds one type."""
    known = values.dropna()
    if all(_is_number(value) for value in known):
        return pd.to_numeric(values)
    return values.map(lambda v: v if v is None or isinstance(v, str) else json.dumps(v, default=str))


def _is_number(value: object) -> bool:
    """Whether a column of numbers holds it; an integer of more than 64 bits stays text, digit for digit."""
    if isinstance(value, bool):
        return False
    return isinstance(value, float) or (isinstance(value, int) and -(2**63) <= value < 2**63)
