"""The tables of a run: what names a row of each, and how each is read."""

from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from value_personas.data import MAP_AXES
from value_personas.experiments.workspace.tables import check_rows, read_table
from value_personas.signatures import StoreError, mean_of_known

if TYPE_CHECKING:  # the answer store, DSPy and all that asks
    from value_personas.experiments.fieldwork.asking import Asked

_CELL = ("method", "country", "question")
KEYS = {
    "estimates": (*_CELL, "score"),
    "scores": _CELL,
    "summary": ("method", "score"),
    "measures": ("method", "measure"),
    "nulls": ("method", "score"),
    "hypotheses": ("claim",),
    "structure": ("kind", "measure"),
    "comparisons": ("score", "group", "value", "method", "against"),
    "missing": ("personas", "reason"),
    "descriptors": ("variant", "item", "score", "wording"),
    "asking": ("personas", "question"),
    "held_out": ("method", "score"),
    "gap": ("quantity",),
    "gap_countries": ("country",),
    "map": ("method", "country"),
    "contamination": ("method",),
    "personas": ("kind", "country", "persona", "replicate"),
    "missing_answers": ("kind", "country", "persona", "question", "reason"),
}
"""The columns that together name a row of each table."""

_VALUES = {
    "estimates": ("option", "human", "predicted"),
    "scores": ("normalised_mae",),
    "summary": ("mean", "lower", "upper"),
    "measures": ("estimate", "lower", "upper"),
    "structure": ("estimate", "lower", "upper", "people", "ceiling"),
    "map": MAP_AXES,
}
"""Further columns without which a table says nothing."""

_NEVER_EMPTY = ("estimates", "scores", "summary")


def has_table(folder: Path, name: str) -> bool:
    """Whether a run has a table: not every run has each."""
    files = (folder / f"{name}.{suffix}" for suffix in ("parquet", "csv"))
    return any(file.is_file() and file.stat().st_size > 1 for file in files)


def read_run_table(folder: Path, name: str) -> pd.DataFrame:
    """A table of a run, to the last digit.

    Args:
        folder: the run's.
        name: one of ``KEYS``.

    Raises:
        StoreError: when it is absent or damaged, lacks a column, or holds a row twice.
    """
    path = folder / name
    table = read_table(path)
    if table.empty and name in _NEVER_EMPTY:
        check_rows(path, table, KEYS[name])
        raise StoreError(f"{path}: damaged: holds no row")
    if name == "comparisons" and "method" in table and "against" not in table:
        table = table.assign(against="", p=float("nan"))  # 0.1.0 compared with the baseline alone
    return check_rows(path, table, KEYS[name], _VALUES.get(name, ())) if len(table) else table


def missing_frame(asked: "Asked") -> pd.DataFrame:
    """How many answers of each persona kind are missing, by reason."""
    rows = [
        {"personas": kind, "reason": reason, "answers": n}
        for kind, panel in asked.panels.items()
        for reason, n in panel.missing_by_reason().items()
    ]
    return pd.DataFrame(rows, columns=["personas", "reason", "answers"])


def asking_frame(asked: "Asked") -> pd.DataFrame:
    """How each persona kind answered each question: label mass, don't know, order and wording effects.

    ``stray_mass`` is the mean probability on letters that are no option of the page, ``normalised`` the share
    of answers whose stated numbers were scaled to sum to 1, ``order_chance`` what an order effect between
    persons would be by chance.
    """
    frames = [
        pd.DataFrame(
            {
                "personas": kind,
                "question": [question.code for question in panel.questions],
                "missing_share": (panel.missing >= 0).mean(axis=0),
                "label_mass": mean_of_known(panel.label_mass),
                "stray_mass": None if panel.stray_mass is None else mean_of_known(panel.stray_mass),
                "dont_know": mean_of_known(panel.dont_know),
                "normalised": panel.normalised,
                "order_effect": panel.order_effect,
                "order_chance": panel.order_chance,
                "wording_spread": panel.wording_spread,
            }
        )
        for kind, panel in asked.panels.items()
    ]
    return pd.concat(frames, ignore_index=True)
