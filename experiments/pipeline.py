"""The main job, readable from top to bottom."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import TypeAlias

import data
from experiments.answer_store import AnswerStore
from experiments.asking import Asked, Asking, ask_everything, asking_of
from experiments.comparators import predict_without_model
from experiments.config import PersonaKind, Recipe
from experiments.estimate import Estimate
from experiments.judging import judge
from experiments.leaks import check_leaks
from experiments.methods import predict
from experiments.models import Models
from experiments.outcome import Outcome
from experiments.population_stage import draw_populations
from experiments.recipe_files import load_recipe
from experiments.reporter import Reporter, Silent
from experiments.result import RunResult
from experiments.survey_stage import open_survey
from experiments.workspace import Workspace

__all__ = ["Ask", "carry_out", "predict_and_judge", "run"]

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
    return carry_out(recipe, workspace, reporter or Silent(), approve).recorded(workspace)


def carry_out(
    recipe: Recipe,
    workspace: Workspace,
    reporter: Reporter,
    approve: Callable[[Estimate], None] | None = None,
) -> Outcome:
    """All of ``run`` but the writing down: with a store, models and an event loop of its own."""
    return predict_and_judge(recipe, workspace, reporter, partial(_ask_alone, workspace, approve))


def predict_and_judge(recipe: Recipe, workspace: Workspace, reporter: Reporter, ask: Ask) -> Outcome:
    """Read, draw, ask, score; nothing is written but answers.

    Args:
        recipe: what is run.
        workspace: holds the embedded population.
        reporter: receives the progress.
        ask: puts the panel to the model.
    """
    reporter.stage("reading the survey")
    survey = open_survey(recipe, workspace)
    profiles = data.value_profiles(survey, recipe.profiles.instrument)
    populations = draw_populations(recipe, survey, profiles)
    leaks = check_leaks(recipe, survey, populations.items)

    reporter.stage(f"asking {recipe.respondent.lm}")
    asked = ask(recipe, asking_of(populations, survey), reporter.answered)

    reporter.stage("scoring")
    comparators, remarks = predict_without_model(recipe, survey, profiles)
    judgement = judge(recipe, survey, (*predict(recipe, asked), *comparators))
    return Outcome(recipe, survey, profiles, populations, asked, judgement, leaks, tuple(remarks))


def _ask_alone(
    workspace: Workspace,
    approve: Callable[[Estimate], None] | None,
    recipe: Recipe,
    asking: Asking,
    on_answered: OnAnswered,
) -> Asked:
    """Ask with a store, models and an event loop of one's own."""

    async def work(models: Models) -> Asked:
        try:
            return await ask_everything(recipe, asking, models, on_answered, approve)
        finally:
            await models.aclose()

    with AnswerStore(recipe.store or workspace.answers) as store:
        return asyncio.run(work(Models(store)))
