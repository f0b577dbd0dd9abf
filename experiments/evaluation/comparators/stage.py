"""The comparators of a recipe, as rows beside those of personas."""

from collections.abc import Callable

import numpy as np

from value_personas import data
from value_personas.experiments.evaluation.comparators.distributions import Array, human_table, leave_one_out
from value_personas.experiments.evaluation.comparators.map_neighbours import country_places, map_neighbours
from value_personas.experiments.evaluation.comparators.respondents import respondents_of
from value_personas.experiments.evaluation.comparators.split_half import split_half
from value_personas.experiments.evaluation.comparators.training_mean import training_mean
from value_personas.experiments.evaluation.predicting import Method
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.programs import PopulationEstimate
from value_personas.signatures import SurveyError

__all__ = ["predict_without_model"]

_THINNING_STREAM = 32


def predict_without_model(
    recipe: Recipe, survey: data.Survey, profiles: data.ProfileTable
) -> tuple[tuple[Method, ...], tuple[str, ...]]:
    """Each comparator's prediction of every cell, each country left out in turn.

    Returns:
        One method a comparator, in the order of the recipe, and notes.

    Raises:
        SurveyError: with a single country, from which no other can be predicted.
    """
    names = recipe.comparators.names
    if len(survey.countries) < 2 and set(names) - {"split-half"}:
        raise SurveyError(
            "comparators need the answers of other countries, and the survey has only "
            f"{survey.countries[0]}; leave all but split-half out of comparators.names"
        )
    by_name: dict[str, Callable[[], tuple[Array, tuple[str, ...]]]] = {
        "training-mean": lambda: (_training_mean(survey), ()),
        "map-neighbours": lambda: _neighbours(recipe, survey, profiles),
        "ridge": lambda: _regression(recipe, survey, profiles, "ridge"),
        "ordinal": lambda: _regression(recipe, survey, profiles, "ordinal"),
        "split-half": lambda: (split_half(survey, recipe.seed), ()),
    }
    predicted = {name: by_name[name]() for name in names}
    methods = tuple(Method(name, name, False, _estimate(survey, p)) for name, (p, _) in predicted.items())
    return methods, tuple(f"{name}: {note}" for name, (_, notes) in predicted.items() for note in notes)


def _training_mean(survey: data.Survey) -> Array:
    return leave_one_out(survey.countries, human_table(survey), training_mean)


def _neighbours(
    recipe: Recipe, survey: data.Survey, profiles: data.ProfileTable
) -> tuple[Array, tuple[str, ...]]:
    places, unplaced = country_places(survey.countries, profiles)
    nearest = recipe.comparators.neighbours
    predicted = leave_one_out(
        survey.countries,
        human_table(survey),
        lambda country, others: map_neighbours(country, others, places, nearest),
    )
    return predicted, (f"no place on the cultural map: {', '.join(unplaced)}",) if unplaced else ()


def _regression(
    recipe: Recipe, survey: data.Survey, profiles: data.ProfileTable, name: str
) -> tuple[Array, tuple[str, ...]]:
    # Imported here: scikit-learn takes a second that most runs do not need.
    from value_personas.experiments.evaluation.comparators.regression import (
        ordinal_regression,
        predict_left_out,
        ridge_regression,
    )

    regression = {"ridge": ridge_regression, "ordinal": ordinal_regression}[name]
    everybody = respondents_of(survey, profiles)
    most = recipe.comparators.max_respondents
    stream = np.random.SeedSequence(recipe.seed, spawn_key=(_THINNING_STREAM,))
    respondents = everybody.thinned(most, np.random.default_rng(stream))
    options = tuple(len(question.scale) for question in survey.questions)
    predicted = np.stack(
        [predict_left_out(respondents, country, options, regression) for country in survey.countries]
    )
    thinned, whole = len(respondents.weights), len(everybody.weights)
    return predicted, (f"fitted on {thinned} of {whole} respondents",) if thinned < whole else ()


def _estimate(survey: data.Survey, predicted: Array) -> PopulationEstimate:
    """Nobody answered, so nothing is missing, and there are no persons between whom variance could lie."""
    cells = predicted.shape[:2]
    unknown = np.full(cells, np.nan)
    return PopulationEstimate(
        survey.countries, survey.questions, predicted, np.zeros(cells), unknown, unknown.copy()
    )
