"""The main job, readable from top to bottom."""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd

import data
from experiments.answer_store import AnswerStore
from experiments.asking import Asked, ask_everything, asking_of
from experiments.comparators import predict_without_model
from experiments.config import Recipe
from experiments.differences import compare, find_gap
from experiments.estimate import Estimate
from experiments.judging import Judgement, judge
from experiments.leaks import check_leaks
from experiments.methods import predict
from experiments.outputs import RunFiles, write_run_files
from experiments.population_stage import draw_populations
from experiments.recipe_files import load_recipe
from experiments.reporter import Reporter, Silent
from experiments.result import RunResult
from experiments.survey_stage import open_survey
from experiments.text_effects import text_notes
from experiments.tracking import Record, record_run
from experiments.tuned_programs import in_sample_notes
from experiments.workspace import Workspace

__all__ = ["run"]


def run(
    recipe: Recipe | str | Path | None = None,
    reporter: Reporter | None = None,
    approve: Callable[[Estimate], None] | None = None,
) -> RunResult:
    """Predict, score and record.

    Args:
        recipe: a recipe, its file, or the name of a shipped one; the quickstart when absent.
        reporter: receives the progress.
        approve: called before the first call with an estimate of what is still to be paid for; it raises to
            end the run. Nothing is estimated when absent.

    Returns:
        Tables, scores and the id of the MLflow run.

    Raises:
        ValuePersonasError: for anything the user can put right; one line says how.
    """
    recipe = recipe if isinstance(recipe, Recipe) else load_recipe(recipe)
    reporter = reporter or Silent()
    workspace = Workspace.open(recipe.workspace)

    reporter.stage("reading the survey")
    survey = open_survey(recipe, workspace)
    profiles = data.value_profiles(survey, recipe.profiles.instrument)
    leaks = check_leaks(recipe, survey, profiles)
    populations = draw_populations(recipe, survey, profiles)

    reporter.stage(f"asking {recipe.respondent.lm}")
    asking = asking_of(populations, profiles, survey)
    with AnswerStore(recipe.store or workspace.answers) as store:
        asked = asyncio.run(ask_everything(recipe, asking, store, reporter.answered, approve))

    reporter.stage("scoring")
    comparators, remarks = predict_without_model(recipe, survey, profiles)
    methods = (*predict(recipe, asked), *comparators)
    judgement = judge(recipe, survey, methods)
    notes = (
        *survey.notes,
        *profiles.notes,
        *populations.notes,
        *remarks,
        *_notes(asked, judgement),
        *text_notes(recipe, asked),
        *in_sample_notes(recipe, judgement.cells),
    )
    outcome = _Outcome(recipe, survey, profiles, asked, judgement, notes, leaks)
    return outcome.recorded(workspace)


@dataclass(frozen=True, slots=True)
class _Outcome:
    """A finished run, before it is written down."""

    recipe: Recipe
    survey: data.Survey
    profiles: data.ProfileTable
    asked: Asked
    judgement: Judgement
    notes: tuple[str, ...]
    leaks: tuple[str, ...]

    @property
    def synthetic(self) -> tuple[str, ...]:
        """Which parts were synthetic."""
        parts = {"respondent": "synthetic" in self.asked.identity, "population": self.survey.is_synthetic}
        return tuple(part for part, is_synthetic in parts.items() if is_synthetic)

    def recorded(self, workspace: Workspace) -> RunResult:
        """Write tables and figure, then the MLflow run."""
        name = f"{self.recipe.name}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"
        folder = workspace.run_folder(name)
        result = RunResult(
            recipe=self.recipe,
            estimates=self.judgement.estimates,
            scores=self.judgement.cells,
            summary=self.judgement.summary,
            floor=self.judgement.floor,
            held_out=self.judgement.held_out,
            missing={kind: panel.missing_by_reason() for kind, panel in self.asked.panels.items()},
            usage=self.asked.usage,
            notes=self.notes,
            synthetic=self.synthetic,
            leaks=self.leaks,
            mlflow_run_id="",
            folder=folder,
        )
        files = RunFiles(
            self.recipe,
            self.survey,
            self.profiles.items,
            self.asked,
            self.judgement,
            self.notes,
            result.title,
            compare(self.recipe, self.judgement),
            find_gap(self.recipe, self.profiles, self.judgement),
            self.synthetic,
        )
        write_run_files(folder, files)
        run_id = record_run(self.recipe, workspace, Record(name, _metrics(result), self._tags(), folder))
        return replace(result, mlflow_run_id=run_id)

    def _tags(self) -> dict[str, str]:
        return {
            "synthetic": " and ".join(self.synthetic) or "no",
            "survey.codebook": self.survey.codebook_name,
            "survey.sha256": " ".join(source.sha256 for source in self.survey.sources),
            "respondent.identity": self.asked.identity,
            "respondent.elicitation": self.asked.elicitation,
        }


def _metrics(result: RunResult) -> dict[str, float]:
    """Flat metrics: scores with their bounds, the floor, missing answers by reason, usage."""
    metrics = _score_metrics(result.summary)
    if result.held_out is not None:
        metrics |= {f"held_out.{k}": value for k, value in _score_metrics(result.held_out.summary).items()}
    metrics |= {f"floor.{score}": value for score, value in result.floor.items()}
    metrics |= {
        f"missing.{kind}.{reason}".replace("+", "-and-"): float(n)
        for kind, reasons in result.missing.items()
        for reason, n in reasons.items()
    }
    return metrics | {f"usage.{name}": float(value) for name, value in result.usage.items()}


def _score_metrics(summary: pd.DataFrame) -> dict[str, float]:
    metrics: dict[str, float] = {}
    for row in summary.to_dict("records"):
        name = f"{row['method']}.{row['score']}".replace(" + ", "-").replace("+", "-and-")
        metrics |= {name: row["mean"], f"{name}.lower": row["lower"], f"{name}.upper": row["upper"]}
    return metrics


def _notes(asked: Asked, judgement: Judgement) -> Iterator[str]:
    """What a reader must know about the asking and the scoring."""
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
    cells = judgement.cells
    if cells["country"].nunique() == 1:
        yield "one country: the intervals tell of other questions, not of other countries"
    blank = cells[cells["predicted_share"].isna() & (cells["respondents"] > 0)]
    for method, n in blank.groupby("method", sort=False).size().items():
        by_personas = str(method).partition(" + ")[0] in asked.panels
        why = "too many answers are missing" if by_personas else "nothing there predicts them"
        yield f"{method}: {n} cells are not estimated, {why}"
