"""What people answered, and how far a sample of them can be trusted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from value_personas import data
from value_personas.experiments.evaluation.floors import Floors
from value_personas.experiments.scoring import headline_scores
from value_personas.signatures import Array, Integers, Question


@dataclass(frozen=True, slots=True)
class HumanAnswers:
    """The human distributions of C countries on M questions of at most K options.

    Attributes:
        probabilities: shape (C, M, K), weighted, missing answers excluded; NaN beyond a question's options
            and where a country was not asked.
        respondents: shape (C, M), valid answers; 0 where published shares do not tell.
        effective: shape (C, M), their effective number (``data.effective_answers``); NaN where not told.
        floor: score → shape (C, M): the expected score of one resample of the respondents against the
            sample itself, so that no prediction is read as better than the survey can tell.
    """

    probabilities: Array
    respondents: Integers
    effective: Array
    floor: Mapping[str, Array]

    @property
    def asked(self) -> NDArray[np.bool_]:
        """Shape (C, M), whether there are answers; of published shares it may not be told how many."""
        return ~np.isnan(self.probabilities[..., 0])


def human_answers(
    floors: Floors, survey: data.Survey, countries: Sequence[str], questions: Sequence[Question]
) -> HumanAnswers:
    """Collect the human side of every cell."""
    shape = (len(countries), len(questions))
    options = max(len(question.scale) for question in questions)
    p = np.full((*shape, options), np.nan)
    n = np.zeros(shape, dtype=np.int64)
    effective = np.zeros(shape)
    floor = {name: np.full(shape, np.nan) for name in headline_scores()}
    for c, country in enumerate(countries):
        for m, question in enumerate(questions):
            if not survey.has_answers(question.code, country):
                continue
            k = len(question.scale)
            positions, weights = survey.responses(question.code, country)
            n[c, m] = len(weights)
            points = survey.sampling_points(question.code, country)
            effective[c, m] = (
                data.effective_answers(positions, weights, question.scale.values, points)
                if n[c, m]
                else np.nan
            )
            p[c, m, :k] = survey.distribution(question.code, country)
            # Of one person it is unknown, not 0.
            noise = floors.of(survey, country, question) if n[c, m] > 1 else {}
            for name, values in floor.items():
                values[c, m] = noise.get(name, np.nan)
    floors.keep()
    return HumanAnswers(p, n, effective, floor)


def share_of_scale(p: Array, questions: Sequence[Question]) -> Array:
    """Means as a share of the scale, 0 at its first option and 1 at its last; shape (C, M)."""
    share = np.full(p.shape[:2], np.nan)
    for m, question in enumerate(questions):
        r = question.scale.values
        share[:, m] = p[:, m, : len(r)] @ ((r - r[0]) / (r[-1] - r[0]))
    return share


def variance_of_share(p: Array, questions: Sequence[Question]) -> Array:
    """The variance of answers as shares of the scale, shape (C, M)."""
    variance = np.full(p.shape[:2], np.nan)
    for m, question in enumerate(questions):
        r = question.scale.values
        share = (r - r[0]) / (r[-1] - r[0])
        own = p[:, m, : len(r)]
        variance[:, m] = own @ share**2 - (own @ share) ** 2
    return variance
