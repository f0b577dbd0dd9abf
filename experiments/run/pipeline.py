"""The main job, readable from top to bottom."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypeAlias

from value_personas import data
from value_personas.experiments.evaluation.fitted import Calibration, find_calibrations, require_applicable
from value_personas.experiments.evaluation.judging import judge
from value_personas.experiments.evaluation.predicting import in_sample_notes, predict
from value_personas.experiments.evaluation.remoteness import Remoteness, read_remoteness
from value_personas.experiments.evaluation.without_model import predict_without_model
from value_personas.experiments.fieldwork.asking import Asked, Asking, ask_everything, asking_of
from value_personas.experiments.fieldwork.leaks import check_leaks
from value_personas.experiments.fieldwork.models import with_models
from value_personas.experiments.fieldwork.rehearsal import Estimate
from value_personas.experiments.fieldwork.reporter import Reporter, Silent
from value_personas.experiments.fieldwork.sample import Populations, draw_populations
from value_personas.experiments.recipe.loading import load_recipe
from value_personas.experiments.recipe.recipe import PersonaKind, Recipe
from value_personas.experiments.run.outcome import Outcome
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.run.shelf import Shelf
from value_personas.experiments.run.writing import record_outcome
from value_personas.experiments.workspace.folders import Workspace
from value_personas.signatures import RecipeError

__all__ = ["Ask", "OnAnswered", "Prepared", "carry_out", "predict_and_judge", "prepare", "run"]

OnAnswered: TypeAlias = Callable[[PersonaKind, int, int], None]
Ask: TypeAlias = Callable[[Recipe, Asking, OnAnswered], Asked]
"""Puts a panel to a model and waits for the answers."""


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
    workspace = Workspace.open(recipe.workspace)
    if recipe.sweep is not None:
        raise RecipeError(f"recipe {recipe.name}: has a [sweep] table; value-personas sweep runs its cells")
    return record_outcome(carry_out(recipe, workspace, reporter or Silent(), approve), workspace)


def carry_out(
    recipe: Recipe,
    workspace: Workspace,
    reporter: Reporter,
    approve: Callable[[Estimate], None] | None = None,
) -> Outcome:
    """All of ``run`` but the writing down: with a store, models and an event loop of its own."""
    ask = partial(_ask_alone, workspace, approve)
    return predict_and_judge(recipe, Shelf(workspace), reporter, ask)


def predict_and_judge(recipe: Recipe, shelf: Shelf, reporter: Reporter, ask: Ask) -> Outcome:
    """Read, draw, ask, score; nothing is written but answers.

    Args:
        recipe: what is run.
        shelf: reads the survey, or has read it.
        reporter: receives the progress.
        ask: puts the panel to the model.

    Raises:
        ValuePersonasError: for anything the user can put right.
    """
    reporter.stage("reading the survey")
    ready = prepare(recipe, shelf)
    # First what costs nothing, so that what cannot be had is said before anything is paid for.
    comparators, remarks = predict_without_model(recipe, ready.survey, ready.profiles)

    reporter.stage(f"asking {recipe.respondent.lm}")
    asked = ask(recipe, ready.asking, reporter.answered)

    reporter.stage("scoring")
    methods = (*predict(recipe, asked.panels, ready.calibrations), *comparators)
    first = methods[0].estimate
    human = shelf.human(recipe, ready.survey, first.countries, first.questions)
    judgement = judge(recipe, human, methods)
    return Outcome(
        recipe,
        ready.survey,
        ready.profiles,
        ready.remoteness,
        ready.populations,
        asked,
        judgement,
        ready.leaks,
        (*remarks, *in_sample_notes(recipe, methods)),
        ready.calibrations,
    )


@dataclass(frozen=True, slots=True)
class Prepared:
    """A run before anything is asked.

    Attributes:
        survey: where the human answers come from.
        profiles: the value profiles of its respondents.
        remoteness: the index of the gap analysis, where the recipe declares one.
        populations: whom the personas are built from.
        leaks: target questions that a persona states itself, which the recipe allows.
        calibrations: what answers are calibrated by.
    """

    survey: data.Survey
    profiles: data.ProfileTable
    remoteness: Remoteness | None
    populations: Populations
    leaks: tuple[str, ...]
    calibrations: tuple[Calibration, ...]

    @property
    def asking(self) -> Asking:
        """Who is asked what."""
        return asking_of(self.populations, self.survey)


def prepare(recipe: Recipe, shelf: Shelf) -> Prepared:
    """Read and draw.

    Raises:
        ValuePersonasError: when the survey does not hold what the recipe needs, or a persona would state
            what it is asked.
    """
    survey = shelf.survey(recipe)
    profiles = data.value_profiles(survey, recipe.profiles.instrument)
    remoteness = read_remoteness(recipe, profiles, len(survey.questions))
    populations = draw_populations(recipe, survey, profiles)
    leaks = check_leaks(recipe, survey, populations.items)
    calibrations = find_calibrations(recipe)
    require_applicable(recipe, calibrations, survey.questions)
    return Prepared(survey, profiles, remoteness, populations, leaks, calibrations)


def _ask_alone(
    workspace: Workspace,
    approve: Callable[[Estimate], None] | None,
    recipe: Recipe,
    asking: Asking,
    on_answered: OnAnswered,
) -> Asked:
    return with_models(
        recipe.store or workspace.answers,
        lambda models: ask_everything(recipe, asking, models, on_answered, approve),
    )
