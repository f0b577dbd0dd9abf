"""A finished run, judged but not yet written down; and its record."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pandas as pd

from value_personas import data
from value_personas.experiments.evaluation.answers import panel_file
from value_personas.experiments.evaluation.comparing import compare
from value_personas.experiments.evaluation.fitted import Calibration, calibration_notes
from value_personas.experiments.evaluation.judging import Judgement
from value_personas.experiments.evaluation.map_positions import map_positions
from value_personas.experiments.evaluation.remoteness import Gap, Remoteness, find_gap
from value_personas.experiments.evaluation.text_effects import text_notes
from value_personas.experiments.fieldwork.asking import Asked
from value_personas.experiments.fieldwork.sample import Populations
from value_personas.experiments.fieldwork.synthetic import in_words, synthetic_parts
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.run.result import RunResult, size_of
from value_personas.experiments.run.stored import write_run_id
from value_personas.experiments.run.writing import PERSONAS_FILE, RunFiles, write_run_files
from value_personas.experiments.tracking import (
    Record,
    input_files,
    metric_name,
    record_run,
    run_title,
)
from value_personas.experiments.workspace.folders import Workspace

__all__ = ["Outcome"]

_FEW_COUNTRIES = 5
"""Below, a bootstrap over countries falls clearly short of its level: intervals meant to hold 95 % did in
84 % with 3 countries × 24 questions, in 93 % with 5 and with 8 (differences of two methods, 400 simulations
each)."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished run.

    Attributes:
        recipe: as it was run.
        survey: where the human answers came from.
        profiles: the value profiles of its respondents.
        remoteness: the index of the gap analysis, where the recipe declares one.
        populations: whom the personas were built from.
        asked: what was asked and what came back.
        judgement: how well each method predicted.
        leaks: target questions that a persona states itself, which the recipe allowed.
        remarks: what the comparators have to say, and which cells are in-sample.
        calibrations: what answers were calibrated by.
    """

    recipe: Recipe
    survey: data.Survey
    profiles: data.ProfileTable
    remoteness: Remoteness | None
    populations: Populations
    asked: Asked
    judgement: Judgement
    leaks: tuple[str, ...]
    remarks: tuple[str, ...]
    calibrations: tuple[Calibration, ...]

    @property
    def synthetic(self) -> tuple[str, ...]:
        """Which parts were synthetic."""
        return synthetic_parts(self.recipe.respondent.lm, self.survey)

    @property
    def missing(self) -> dict[str, dict[str, int]]:
        """Persona kind → reason → answers missing."""
        return {kind: panel.missing_by_reason() for kind, panel in self.asked.panels.items()}

    @property
    def notes(self) -> tuple[str, ...]:
        """What a reader must know of the data and the run, a sentence each."""
        return (
            *self.survey.notes,
            *self.profiles.notes,
            *self.populations.notes,
            *self.remarks,
            *_asking_notes(self.asked),
            *_scoring_notes(self.asked, self.judgement),
            *text_notes(self.recipe, self.asked),
            *self._calibration_notes(),
        )

    def _calibration_notes(self) -> Iterator[str]:
        panel = next(iter(self.asked.panels.values()))
        return calibration_notes(
            self.recipe, self.calibrations, panel, self.asked.identity, bool(self.synthetic)
        )

    def recorded(
        self, workspace: Workspace, parent: str | None = None, title: str | None = None
    ) -> RunResult:
        """Write tables and figure, then the MLflow run.

        Args:
            workspace: where.
            parent: the MLflow run that this one is a part of.
            title: the run's name in MLflow; recipe, model, size and time when absent.
        """
        folder = workspace.run_folder(f"{self.recipe.name}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}")
        inputs = input_files(self.recipe, self.survey)
        gap = find_gap(self.recipe, self.remoteness, self.judgement)
        result = RunResult(
            recipe=self.recipe,
            estimates=self.judgement.estimates,
            scores=self.judgement.cells,
            summary=self.judgement.summary,
            floor=self.judgement.floor,
            held_out=self.judgement.held_out,
            missing=self.missing,
            usage=self.asked.usage,
            notes=(*self.notes, gap) if isinstance(gap, str) else self.notes,
            synthetic=self.synthetic,
            leaks=self.leaks,
            mlflow_run_id="",
            folder=folder,
        )
        files = RunFiles(
            result,
            self.survey,
            self.populations.items,
            self.asked,
            self.judgement,
            compare(self.recipe, self.judgement),
            gap if isinstance(gap, Gap) else None,
            inputs,
            map_positions(self.recipe, self.profiles, self.asked),
            self.calibrations,
        )
        write_run_files(folder, files)
        record = Record(
            name=title or self._title(),
            metrics=_metrics(result),
            tags=self._tags(),
            folder=folder,
            parent=parent,
            inputs=inputs,
            kept_here=(PERSONAS_FILE, panel_file(folder, "*").name),
        )
        run_id = record_run(self.recipe, workspace, record)
        write_run_id(folder, run_id)
        return replace(result, mlflow_run_id=run_id)

    def _title(self) -> str:
        """What tells the run from its neighbours in MLflow's list."""
        return run_title(self.recipe.name, self.recipe.respondent.lm, size_of(self.judgement.cells))

    def _tags(self) -> dict[str, str]:
        return {
            "kind": "run",
            "synthetic": in_words(self.synthetic),
            "survey.codebook": self.survey.codebook_name,
            "survey.sha256": " ".join(source.sha256 for source in self.survey.sources),
            "respondent.identity": self.asked.identity,
            "respondent.elicitation": self.asked.elicitation,
            "calibration": "; ".join(one.setting.in_one_line() for one in self.calibrations),
        }


def _metrics(result: RunResult) -> dict[str, float]:
    """Flat metrics: scores with their bounds, the floor, missing answers by reason, usage."""
    metrics = _score_metrics(result.summary)
    if result.held_out is not None:
        metrics |= {f"held_out.{k}": value for k, value in _score_metrics(result.held_out.summary).items()}
    metrics |= {f"floor.{score}": value for score, value in result.floor.items()}
    metrics |= {
        metric_name("missing", kind, reason): float(n)
        for kind, reasons in result.missing.items()
        for reason, n in reasons.items()
    }
    return metrics | {f"usage.{name}": float(value) for name, value in result.usage.items()}


def _score_metrics(summary: pd.DataFrame) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for row in summary.to_dict("records"):
        name = metric_name(row["method"], row["score"])
        metrics |= {name: row["mean"], f"{name}.lower": row["lower"], f"{name}.upper": row["upper"]}
    return metrics


def _asking_notes(asked: Asked) -> Iterator[str]:
    """How it was asked, and how far answers hang on that."""
    yield asked.elicitation
    for name, what in (
        ("order_effect", "with the order of the options"),
        ("wording_spread", "with the wording"),
    ):
        for kind, panel in asked.panels.items():
            moved = getattr(panel, name)
            if not np.isnan(moved).all():
                yield f"{kind}: answers move {what} by {np.nanmean(moved):.3f} (mean total variation)"
    for variant, table in asked.descriptors.items():
        for d in table.unmended:
            yield f"the {variant} descriptor of {d.item} = {d.score:g} breaks a rule: {d.broken_rules[0]}"


def _scoring_notes(asked: Asked, judgement: Judgement) -> Iterator[str]:
    """What the scores cannot tell."""
    cells = judgement.cells
    countries = cells["country"].nunique()
    if countries == 1:
        yield "one country: the intervals tell of other questions, not of other countries"
    elif countries < _FEW_COUNTRIES:
        yield (
            f"{countries} countries: intervals over so few are too narrow; with three, those meant to hold "
            "95 % did in 84 % of simulations"
        )
    blank = cells[cells["predicted_share"].isna() & (cells["respondents"] > 0)]
    for method, n in blank.groupby("method", sort=False).size().items():
        by_personas = str(method).partition(" + ")[0] in asked.panels
        why = "too many answers are missing" if by_personas else "nothing there predicts them"
        yield f"{method}: {n} cells are not estimated, {why}"
