"""Half of a country's own respondents: as near as any prediction can be expected to come."""

from zlib import crc32

import numpy as np

from value_personas import data
from value_personas.experiments.comparators.base import Comparator, Prediction, Sources
from value_personas.signatures import Array

_STREAM = 31
"""Keeps the halves apart from every other draw of the recipe's seed."""


def split_half(survey: data.Survey, seed: int) -> Array:
    """One random half of each cell's respondents, or of its sampling points; weights carried.

    Scored against the whole sample, half of it differs as much as a bootstrap replicate of it does: both
    have the sampling variance of the whole.

    Returns:
        Shape (C, M, K); NaN for cells with fewer than two respondents and beyond a question's options.
    """
    options = max(len(question.scale) for question in survey.questions)
    halves = np.full((len(survey.countries), len(survey.questions), options), np.nan)
    for c, country in enumerate(survey.countries):
        for m, question in enumerate(survey.questions):
            positions, weights = survey.responses(question, country)
            if len(positions) < 2:
                continue
            points = survey.sampling_points(question, country)
            key = (_STREAM, crc32(f"{country}/{question.code}".encode()))
            stream = np.random.SeedSequence(seed, spawn_key=key)
            k = len(question.scale)
            halves[c, m, :k] = data.split_half_distributions(positions, weights, k, 1, stream, points)[0, 0]
    return halves


def _predict(sources: Sources) -> Prediction:
    return Prediction(split_half(sources.survey, sources.seed))


SPLIT_HALF = Comparator(
    "no model: a random half of the country’s own sample", _predict, needs=("respondents",)
)
