"""The comparators of a recipe, as rows beside those of personas."""

from collections.abc import Iterable

import numpy as np

from value_personas import data
from value_personas.experiments.comparators import (
    COMPARATORS,
    NULLS,
    HumanDistributions,
    Prediction,
    ShareTable,
    Sources,
)
from value_personas.experiments.evaluation.answers import Answers, score_panel
from value_personas.experiments.evaluation.predicting import Method
from value_personas.experiments.recipe.personas import ComparatorSection
from value_personas.programs import PopulationEstimate
from value_personas.signatures import Array, Question, Scale, StatisticsError, SurveyError


def predict_without_model(
    section: ComparatorSection, seed: int, survey: data.Survey, profiles: data.ProfileTable
) -> tuple[tuple[Method, ...], tuple[str, ...]]:
    """Each comparator's prediction of every cell, each country left out in turn.

    Returns:
        One method a comparator, in the order of the section, and notes.

    Raises:
        SurveyError: with a single country, from which no other can be predicted, or where respondents'
            records are needed and there are published shares.
        StatisticsError: when a comparator predicts other cells than there are.
    """
    lonely = [name for name in section.names if "countries" in COMPARATORS[name].needs]
    if len(survey.countries) < 2 and lonely:
        raise SurveyError(
            "comparators need the answers of other countries, and the survey has only "
            f"{', '.join(survey.countries)}; leave {', '.join(lonely)} out of comparators.names"
        )
    of_records = [name for name in section.names if "respondents" in COMPARATORS[name].needs]
    if of_records and not survey.has_respondents:
        raise SurveyError(
            f"{survey.sources[0].path}: holds published shares and no respondent; leave "
            f"{', '.join(of_records)} out of comparators.names"
        )
    sources = Sources(survey, profiles, section.neighbours, section.max_respondents, seed)
    predicted = {name: checked_prediction(name, sources) for name in section.names}
    methods = (Method(name, name, False, _estimate(survey, p)) for name, p in predicted.items())
    return tuple(methods), tuple(f"{name}: {note}" for name, p in predicted.items() for note in p.notes)


def predict_nothing(seed: int, people: HumanDistributions) -> dict[str, Array]:
    """What each of ``NULLS`` predicts, shapes (C, M, K); of one country those that need no other."""
    sources = Sources(people, seed=seed)
    alone = len(people.countries) < 2
    names = [name for name in NULLS if not (alone and "countries" in COMPARATORS[name].needs)]
    return {name: checked_prediction(name, sources).probabilities for name in names}


def null_errors(seed: int, panel: Answers, scores: Iterable[str]) -> dict[str, dict[str, Array]]:
    """Null → score → its errors in all cells of stored answers, shapes (C, M); NaN where undefined."""
    people = ShareTable(panel.countries, questions_of(panel), panel.human)
    predicted = predict_nothing(seed, people)
    names = tuple(scores)
    return {null: score_panel(panel, _widened(p, panel.human.shape), names) for null, p in predicted.items()}


def _widened(p: Array, shape: tuple[int, ...]) -> Array:
    """With as many places as stored answers have, which may be of longer questions."""
    out = np.full(shape, np.nan)
    out[..., : p.shape[-1]] = p
    return out


def questions_of(panel: Answers) -> tuple[Question, ...]:
    """As much of the questions as stored answers tell."""
    return tuple(
        Question(
            code,
            code,
            _scale(panel.scores[m, panel.mask[m]].tolist()),
            topic=panel.topics[m],
            near=panel.near[m],
            battery=panel.batteries[m],
        )
        for m, code in enumerate(panel.questions)
    )


def _scale(scores: list[float]) -> Scale:
    return Scale(tuple(map(str, scores)), tuple(scores))


def checked_prediction(name: str, sources: Sources) -> Prediction:
    """A comparator's prediction, of the shape of people's answers.

    Raises:
        StatisticsError: when it is of another shape.
    """
    prediction = COMPARATORS[name].predict(sources)
    shape, got = sources.table.shape, np.shape(prediction.probabilities)
    if got != shape:
        raise StatisticsError(f"comparator {name}: expected probabilities of shape {shape}, got {got}")
    return prediction


def _estimate(survey: data.Survey, prediction: Prediction) -> PopulationEstimate:
    """Nobody answered, so nothing is missing, and there are no persons between whom variance could lie."""
    cells = prediction.probabilities.shape[:2]
    unknown = np.full(cells, np.nan)
    return PopulationEstimate(
        survey.countries,
        survey.questions,
        prediction.probabilities,
        np.zeros(cells),
        unknown,
        unknown.copy(),
    )
