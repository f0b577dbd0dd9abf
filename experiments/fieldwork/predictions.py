"""Predictions made elsewhere take the place of asking: read, narrowed to what they tell of, and laid out."""

from dataclasses import dataclass

import numpy as np

from value_personas import data
from value_personas.experiments.fieldwork.asking import Asked
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.survey import open_survey
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.programs import REASONS, PanelResult
from value_personas.programs.engines import Usage
from value_personas.signatures import MissingReason, Persona, Question


@dataclass(frozen=True, slots=True)
class Given:
    """What was predicted elsewhere.

    Attributes:
        recipe: with the countries and questions of the survey that are predicted by some method.
    """

    recipe: Recipe

    def asked(self, survey: data.Survey) -> tuple[Asked, tuple[str, ...]]:
        """The answers as if they had been asked for here, and what was left out.

        Args:
            survey: read by the narrowed recipe.
        """
        recipe = self.recipe
        given, notes = data.read_predictions(recipe.predictions, survey, recipe.respondent.max_missing)
        panels = {one.method: _panel(one, survey.questions) for one in given}
        how = f"answers are {recipe.answered_by}; nothing was asked here"
        return Asked(panels, {}, recipe.answered_by, how, Usage().as_dict(), {}), notes


def take_predictions(field: Fieldwork, recipe: Recipe) -> Given:
    """Look which of the survey's cells are predicted.

    Raises:
        SurveyError: when the predictions cannot be read, or are of nothing that the survey holds.
    """
    survey = open_survey(recipe.survey, recipe.questions, recipe.seed, field.workspace)
    given, _ = data.read_predictions(recipe.predictions, survey, recipe.respondent.max_missing)
    known = [~np.isnan(one.log_p[:, :, 0]) for one in given]
    told = np.asarray(np.concatenate(known).any(axis=0))
    answered = {c for one, there in zip(given, known, strict=True) for c in _some(one.countries, there)}
    questions = tuple(q.code for q, there in zip(survey.questions, told, strict=True) if there)
    countries = tuple(country for country in survey.countries if country in answered)
    narrowed = {
        "survey": recipe.survey.model_copy(update={"countries": countries}),
        "questions": recipe.questions.model_copy(update={"include": questions}),
    }
    return Given(recipe.model_copy(update=narrowed))


def _some(countries: tuple[str, ...], there: np.ndarray[tuple[int, ...], np.dtype[np.bool_]]) -> set[str]:
    return {country for country, known in zip(countries, np.asarray(there.any(axis=1)), strict=True) if known}


def _panel(given: data.GivenAnswers, questions: tuple[Question, ...]) -> PanelResult:
    cells, unknown = given.log_p.shape[:2], np.full(len(questions), np.nan)
    missing = np.full(cells, -1, dtype=np.int8)
    for cell, reason in given.missing.items():
        missing[cell] = REASONS.index(MissingReason(reason))
    weights = given.weights / given.weights.sum()
    return PanelResult(
        personas=tuple(
            Persona(given.method, "", float(weight), country)
            for country, weight in zip(given.countries, weights, strict=True)
        ),
        questions=questions,
        log_p=given.log_p,
        label_mass=np.full(cells, np.nan),
        dont_know=np.full(cells, np.nan),
        missing=missing,
        order_effect=unknown,
        wording_spread=unknown.copy(),
        draws=given.draws,
    )
