"""Everything that a report is made of, read from a run's folder and from what lies beside it."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import pandas as pd

from value_personas import data
from value_personas.data import one_line
from value_personas.experiments.audit.record import Audit, read_audit
from value_personas.experiments.evaluation.answers import Answers, panel_file
from value_personas.experiments.evaluation.comparing import baseline_of
from value_personas.experiments.evaluation.fitted import Calibration
from value_personas.experiments.evaluation.map_positions import HUMAN
from value_personas.experiments.fieldwork.synthetic import in_words
from value_personas.experiments.inference import units_of, zones_of
from value_personas.experiments.recipe.record import newest_of_the_same
from value_personas.experiments.run.record import SOURCES_FILE, Sources
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.run.stored import calibrations_of, read_run
from value_personas.experiments.run.tables import has_table, read_run_table
from value_personas.experiments.shapley.record import Shapley, read_shapley
from value_personas.experiments.workspace.json_file import read_json
from value_personas.programs.calibration import Setting


@dataclass(frozen=True)
class Material:
    """A run and what was learnt beside it.

    Attributes:
        run: what the run gave back.
        sources: the survey files, the names of countries and questions, what answered, and the code's state.
        comparisons: paired differences from the baseline; empty for a single method.
        asking: label mass, missing share, order and wording effects a persona kind and question.
        gap: slopes and group differences; None where the recipe declares no index.
        gap_countries: index and errors a country, likewise.
        structure: whether persons resemble people one by one; None where no kind tells persons apart.
        positions: on the cultural map; None where the survey or the instrument allows none.
        shapley: values of the items; None where none were computed.
        audit: of the descriptors; None where there was none.
        calibrations: what answers were calibrated by.
    """

    run: RunResult
    sources: Sources
    comparisons: pd.DataFrame
    asking: pd.DataFrame
    gap: pd.DataFrame | None
    gap_countries: pd.DataFrame | None
    structure: pd.DataFrame | None
    positions: pd.DataFrame | None
    shapley: Shapley | None
    audit: Audit | None
    calibrations: tuple[Calibration, ...]

    @cached_property
    def methods(self) -> tuple[str, ...]:
        """In the order of the tables."""
        return tuple(self.run.scores["method"].unique())

    @cached_property
    def kinds(self) -> tuple[str, ...]:
        """The persona kinds that were asked, as far as the report is to show them."""
        return tuple(kind for kind in self.run.recipe.personas if kind in self.methods)

    @cached_property
    def baseline(self) -> str:
        """What the others are compared with: country roleplay where it was asked, else the first method."""
        return self.methods[baseline_of(self.methods)]

    @cached_property
    def main(self) -> str:
        """The persona kind that the report is about: hedged value personas where they were asked."""
        names = [kind for kind in self.kinds if kind != self.baseline] or [self.baseline]
        preferred = ("values-hedged", *(kind for kind in names if kind.startswith("values")), names[-1])
        return next(kind for kind in preferred if kind in names)

    @cached_property
    def calibrated(self) -> str | None:
        """The same kind calibrated, where it was: at the recipe's first level."""
        return next((name for name in self.methods if name.startswith(f"{self.main} + calibrated")), None)

    @property
    def calibration(self) -> Setting:
        """What the main kind's calibrated row was calibrated by."""
        return self.calibrations[0].setting

    @cached_property
    def countries(self) -> tuple[str, ...]:
        """Codes, in the order of the tables."""
        return tuple(self.run.scores["country"].unique())

    @cached_property
    def questions(self) -> tuple[str, ...]:
        """Codes, in the order of the tables."""
        return tuple(self.run.scores["question"].unique())

    @cached_property
    def stamp(self) -> str:
        """What every figure must say of itself: a leak, and synthetic parts. Empty when there is neither."""
        return self.stamp_beside()

    def stamp_beside(self, synthetic: tuple[str, ...] = (), leaks: tuple[str, ...] = ()) -> str:
        """The same of a figure of what lies beside the run, with what it has of its own."""
        parts = tuple(dict.fromkeys((*self.run.synthetic, *synthetic)))
        leak = ["LEAK ALLOWED"] if self.run.leaks or leaks else []
        return " · ".join([*leak, *([f"synthetic {in_words(parts)}"] if parts else [])])

    def country_name(self, code: str) -> str:
        """The name in the survey's file, else the usual English one."""
        return one_line(self.sources.countries.get(code) or data.country_name(code) or code)

    def question_text(self, code: str) -> str:
        """The question in the project's words; empty where the run does not say."""
        return one_line(self.sources.questions.get(code, ""))

    def questions_told(self, codes: tuple[str, ...]) -> str:
        """Codes with their texts, for a caption; those without a text are left out."""
        told = ((code, self.question_text(code)) for code in dict.fromkeys(codes))
        listed = "; ".join(f"{code}: {text}" for code, text in told if text)
        return f"{listed}." if listed else ""

    def zone(self, code: str) -> str:
        """The country's cultural zone on the published map, as far as it has one."""
        return data.cultural_zone(code) or "no zone"

    @cached_property
    def zoned(self) -> bool:
        """Whether intervals are over cultural zones in place of countries."""
        zones = tuple(zones_of(self.countries).values())
        return units_of(zones) == zones

    def score(self, method: str, name: str) -> Mapping[str, float]:
        """One row of the summary: mean, lower, upper."""
        rows = self.run.summary
        row = rows[(rows["method"] == method) & (rows["score"] == name)].iloc[0]
        return {key: float(row[key]) for key in ("mean", "lower", "upper")}

    def measure(self, method: str, name: str) -> tuple[float, float, float]:
        """A measure of a method with the ends of its interval; NaN where the run does not have it."""
        rows = self.run.measures
        row = rows[(rows["method"] == method) & (rows["measure"] == name)]
        if row.empty:
            return float("nan"), float("nan"), float("nan")
        found = row.iloc[0]
        return float(found["estimate"]), float(found["lower"]), float(found["upper"])

    @cached_property
    def scores(self) -> tuple[str, ...]:
        """The headline scores that the run was judged by, in the order of its table."""
        return tuple(self.run.summary["score"].unique())

    def cells(self, method: str) -> pd.DataFrame:
        """The rows of the scores of one method."""
        return self.run.scores[self.run.scores["method"] == method]

    def answers(self) -> Answers | None:
        """The stored answers of the main kind, where the folder holds them."""
        path = panel_file(self.run.folder, self.main)
        return Answers.load(path) if path.is_file() else None

    @property
    def fitted_cells(self) -> Mapping[str, int]:
        """Method → its cells that something of it was fitted on; methods without any are left out."""
        scores = self.run.scores
        if "fitted" not in scores:
            return {}
        used = scores[scores["fitted"].astype(str).isin(("training", "validation"))]
        return {str(method): int(n) for method, n in used.groupby("method", sort=False).size().items()}


def read_material(folder: Path, workspace: Path, shapley: Path | None = None) -> Material:
    """Read a run's folder, and the newest audit and Shapley values of its recipe.

    Args:
        folder: a run's.
        workspace: where audits and Shapley values lie.
        shapley: a folder of Shapley values to take in place of the newest.

    Raises:
        StoreError: when a file is absent, damaged or of another version.
    """
    run = read_run(folder)
    of_same = partial(newest_of_the_same, run.recipe)
    values = shapley or of_same(workspace / "shapley", run.recipe.name, "shapley.parquet")
    audit = of_same(workspace / "audits", f"audit-{run.recipe.name}", "spill_over.csv")
    return Material(
        run=run,
        sources=read_json(folder / SOURCES_FILE, Sources),
        comparisons=read_run_table(folder, "comparisons"),
        asking=read_run_table(folder, "asking"),
        gap=_optional(folder, "gap"),
        gap_countries=_optional(folder, "gap_countries"),
        structure=_optional(folder, "structure"),
        positions=_positions(run),
        shapley=read_shapley(values) if values else None,
        audit=read_audit(audit) if audit else None,
        calibrations=calibrations_of(run),
    )


def _optional(folder: Path, name: str) -> pd.DataFrame | None:
    return read_run_table(folder, name) if has_table(folder, name) else None


def _positions(run: RunResult) -> pd.DataFrame | None:
    table = _optional(run.folder, "map")
    if table is None:
        return None
    scored = table[table["country"].isin(set(run.scores["country"]))]
    return scored if (scored["method"] == HUMAN).any() else None
