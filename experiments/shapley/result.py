"""What Shapley values come to."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from value_personas.data import card
from value_personas.experiments.fieldwork.synthetic import marked
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.scoring import error_heading
from value_personas.experiments.shapley.record import ShapleyRecord
from value_personas.experiments.shapley.tables import ALL
from value_personas.experiments.workspace.json_file import rows_of


@dataclass(frozen=True, slots=True)
class ShapleyResult:
    """Each player's share of the error that personas take away or bring, in each country and in all.

    A negative value: the item lowers the error.

    Attributes:
        recipe: what was run.
        tables: ``shapley``, ``leave_one_out``, ``only_one``, ``total`` and, where items lie on two axes,
            ``axes``; each with the columns player, name, country (a code, or ``all``), score, value, lower
            and upper.
        coalitions: v of every coalition: coalition, country, score and value.
        checks: Σφ against v(all) − v(∅): country, v_empty, v_all, difference, sum and gap.
        floor: the human sample's own error, averaged over cells; NaN where none is kept for the score.
        nulls: the same error of what knows nothing (``comparators.NULLS``), on the cells that count.
        calls_at_most: the upper bound that was stated before the first call.
        usage: calls made, replies read from the store, tokens, cost.
        seconds: how long it took.
        notes: plain sentences that a reader must know.
        synthetic: which parts were synthetic.
        leaks: target questions that a persona states itself, which the recipe allowed.
        folder: where everything lies.
        mlflow_run_id: the record.
    """

    recipe: Recipe
    tables: Mapping[str, pd.DataFrame]
    coalitions: pd.DataFrame
    checks: pd.DataFrame
    floor: float
    nulls: Mapping[str, float]
    calls_at_most: int
    usage: Mapping[str, float]
    seconds: float
    notes: tuple[str, ...]
    synthetic: tuple[str, ...]
    leaks: tuple[str, ...]
    folder: Path
    mlflow_run_id: str = ""

    def __repr__(self) -> str:
        return f"<ShapleyResult {self.title}>"

    def _repr_html_(self) -> str:
        shown = self.over_all()[["name", "value", "lower", "upper"]]
        return card(self.title, shown, self.folder / "bars.png", (self.measure, *self.notes))

    @property
    def values(self) -> pd.DataFrame:
        """The table ``shapley``."""
        return self.tables["shapley"]

    @property
    def measure(self) -> str:
        """The error in words, its direction included."""
        return error_heading(self.recipe.shapley.score)

    @property
    def title(self) -> str:
        """The heading, which begins with any leak and bears the word synthetic where it is due."""
        settings = self.recipe.shapley
        leak = f"LEAK ALLOWED: {'; '.join(self.leaks)} · " if self.leaks else ""
        calibrated = " + calibrated" if settings.calibrated else ""
        title = f"{leak}{self.recipe.name} · {settings.kind}{calibrated} · {settings.method}"
        return marked(title, self.synthetic)

    def over_all(self, table: str = "shapley") -> pd.DataFrame:
        """A table's rows for all countries, the most helpful player first."""
        frame = self.tables[table]
        return frame[frame["country"] == ALL].sort_values("value", kind="stable", ignore_index=True)

    def record(self) -> ShapleyRecord:
        """What ``result.json`` holds: everything but the recipe, the other rows and where they lie."""
        return ShapleyRecord(
            name=self.recipe.name,
            score=self.recipe.shapley.score,
            method=self.recipe.shapley.method,
            synthetic=self.synthetic,
            leaks=self.leaks,
            all_countries={name: rows_of(self.over_all(name)) for name in self.tables},
            checks=rows_of(self.checks),
            noise_floor=self.floor,
            nulls=dict(self.nulls),
            coalitions=self.coalitions["coalition"].nunique(),
            calls_at_most=self.calls_at_most,
            usage=dict(self.usage),
            seconds=self.seconds,
            notes=self.notes,
            mlflow_run_id=self.mlflow_run_id,
        )

    def to_json(self) -> str:
        """One JSON object: the same, and where the rest lies; what is undefined is null."""
        where = {"folder": str(self.folder), "mlflow_run_id": self.mlflow_run_id}
        return json.dumps(self.record().model_dump(mode="json") | where, allow_nan=False)

    def metrics(self) -> dict[str, float]:
        """Flat metrics: the values over all countries with their bounds, both ends, usage."""
        metrics: dict[str, float] = {}
        for row in self.over_all().to_dict("records"):
            name = f"shapley.{row['player']}"
            metrics |= {name: row["value"], f"{name}.lower": row["lower"], f"{name}.upper": row["upper"]}
        ends = self.checks[self.checks["country"] == ALL].iloc[0]
        metrics |= {name: float(ends[name]) for name in ("v_empty", "v_all", "gap")}
        return metrics | {f"usage.{name}": float(value) for name, value in self.usage.items()}
