"""Sweep over a grid or a list of recipes, on one answer store."""

import json
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from value_personas.data import card
from value_personas.experiments.evaluation.measures import not_above_nothing
from value_personas.experiments.fieldwork.synthetic import in_words
from value_personas.experiments.progress.shown import Progress
from value_personas.experiments.recipe.loading import recipe_of
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.study_record import StudyRecord, write_study
from value_personas.experiments.run.record import Result
from value_personas.experiments.sweep.cells import sweep_cells
from value_personas.experiments.sweep.family import Family, Options, run_family
from value_personas.experiments.sweep.records import CellRecord
from value_personas.experiments.workspace.json_file import json_rows, rows_of
from value_personas.experiments.workspace.tables import write_csv


@dataclass(frozen=True, slots=True)
class SweepResult:
    """What a sweep came to.

    Attributes:
        family: its cells' records and where everything lies.
        table: one row for each cell × method × headline score, of each cell last what knows nothing, and one
            for each cell that failed: cell, label, a column for each key that is varied, method, score, mean,
            lower, upper, floor, missing, synthetic, run, mlflow_run_id, reason.
    """

    family: Family
    table: pd.DataFrame

    def __repr__(self) -> str:
        return f"<SweepResult {self._heading}>"

    def _repr_html_(self) -> str:
        notes = [f"failed: {record.label}: {record.reason}" for record in self.family.failed]
        return card(self._heading, self.table.drop(columns=["run", "mlflow_run_id"]), notes=notes)

    @property
    def _heading(self) -> str:
        told = f"{self.family.recipe.name} · {len(self.family.records)} cells"
        return told if self.synthetic == "no" else f"{told} · synthetic {self.synthetic}"

    @property
    def synthetic(self) -> str:
        """Which parts of any cell were synthetic, in words; ``no`` where none was."""
        told = self.table["synthetic"].dropna().unique()
        parts = dict.fromkeys(part for cell in told for part in str(cell).split(" and "))
        return " and ".join(part for part in parts if part != "no") or "no"

    def claims(self) -> pd.DataFrame:
        """What came of the recipe's claims: a run's rows for each cell, with its label; empty without any."""
        known = ((record.label, self.family.figures(record)) for record in self.family.records)
        rows = [{"label": label, **row} for label, found in known if found for row in found.hypotheses]
        return pd.DataFrame(rows)

    def told_claims(self) -> tuple[str, ...]:
        """A sentence for each claim: in which settings it came out how."""
        return tuple(_of_claims(self.claims()))

    @property
    def no_better(self) -> tuple[str, ...]:
        """The rows that are not shown to be better than every option alike: method, and in which cell."""
        found: dict[str, list[str]] = {}
        for record in self.family.records:
            if (figures := self.family.figures(record)) is not None and figures.measures:
                told = pd.DataFrame([row.model_dump() for row in figures.measures])
                for method in not_above_nothing(told):
                    found.setdefault(method, []).append(record.label)
        every = len(self.family.records) - len(self.family.failed)
        return tuple(
            method if len(labels) == every else f"{method} ({'; '.join(labels)})"
            for method, labels in found.items()
        )

    def to_json(self) -> str:
        """One JSON object; undefined figures are null."""
        family = self.family
        shown: dict[str, Any] = {
            "name": family.recipe.name,
            "cells": len(family.records),
            "synthetic": self.synthetic,
            "failed": {record.label: record.reason for record in family.failed},
            "not_better_than_uniform": list(self.no_better),
            "hypotheses": json_rows(self.claims()),
            "table": json_rows(self.table),
            "folder": str(family.folder),
            "mlflow_run_id": family.mlflow_run_id,
        }
        return json.dumps(shown, allow_nan=False)


def sweep(
    recipe: Recipe | str | Path, options: Options | None = None, progress: Progress = True
) -> SweepResult:
    """Run every cell of a recipe's ``[sweep]`` table that is not done yet.

    No call is paid twice, within a cell or between cells. Stopped at any moment, the same call finishes what
    is missing.

    Args:
        recipe: a recipe with a sweep, its file, or the name of a shipped one.
        options: how many at once, and who approves.
        progress: True shows it, in the notebook's cell or on stderr; False does not; a reporter is told.

    Raises:
        ValuePersonasError: when a cell is no valid recipe, before anything is read or asked; or when nothing
            could be kept. A cell that fails on its own is recorded, and the rest go on.
    """
    recipe = recipe_of(recipe)
    family = run_family(recipe, sweep_cells(recipe), "sweep", options or Options(), progress)
    table = sweep_table(family)
    table.to_parquet(family.folder / "sweep.parquet", index=False)
    write_csv(family.folder / "sweep.csv", table)
    result = SweepResult(family, table)
    if len(claims := result.claims()):
        write_csv(family.folder / "hypotheses.csv", claims)
    write_study(_record(result), recipe, family.folder)
    family.close(sweep_metrics(family), {"synthetic": result.synthetic})
    return result


def _record(result: SweepResult) -> StudyRecord:
    """What stands on its page."""
    family, claims = result.family, result.claims()
    recipe = family.recipe
    parts = () if result.synthetic == "no" else tuple(result.synthetic.split(" and "))
    return StudyRecord(
        kind="sweep",
        name=recipe.name,
        title=result._heading,
        level=recipe.scoring.level,
        synthetic=parts,
        methods=f"Each setting is a run of its own on one store of answers (seed {recipe.seed}); its rows "
        "rest "
        "on the cells that all its ranked methods have, with "
        f"{100 * recipe.scoring.level:g} % intervals of one standard error clustered by country or cultural "
        "zone and by question. Intervals of different settings are not of their difference: value-personas "
        "ablate pairs settings cell by cell and tests them.",
        findings=result.told_claims(),
        no_better=result.no_better,
        claims=rows_of(claims),
        failed={record.label: str(record.reason) for record in family.failed},
        mlflow_run_id=family.mlflow_run_id,
    )


def _of_claims(claims: pd.DataFrame) -> Iterator[str]:
    """A sentence for each claim: in how many settings it came out how, and in which where not in all."""
    for claim, rows in claims.groupby("claim", sort=False) if len(claims) else ():
        labels = {str(one): list(found["label"]) for one, found in rows.groupby("verdict", sort=False)}
        told = (
            f"{verdict} in {'every setting' if len(among) == len(rows) else '; '.join(among)}"
            for verdict, among in labels.items()
        )
        yield f"{claim}: {', '.join(told)}."


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
