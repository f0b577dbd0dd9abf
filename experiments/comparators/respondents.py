"""Respondents as a regression sees them: items, answers, weights."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from value_personas import data
from value_personas.signatures import Array


@dataclass(frozen=True, slots=True)
class Respondents:
    """Some respondents of some countries.

    Attributes:
        items: shape (n, I), stored codes of the value items, NaN where missing.
        answers: shape (n, M), positions on the target questions' scales; negative where missing.
        weights: shape (n,), each country's sum to 1: countries count alike.
        country: shape (n,), codes.
    """

    items: Array
    answers: NDArray[np.int8]
    weights: Array
    country: NDArray[np.str_]

    def where(self, kept: NDArray[np.bool_] | NDArray[np.intp]) -> "Respondents":
        """Some of them."""
        return Respondents(self.items[kept], self.answers[kept], self.weights[kept], self.country[kept])

    def thinned(self, most: int, rng: np.random.Generator) -> "Respondents":
        """At most so many, an equal number at most of each country, drawn at random, weights carried."""
        if len(self.weights) <= most:
            return self
        codes = np.unique(self.country)
        each = max(1, most // len(codes))
        rows = [rng.permutation(np.flatnonzero(self.country == code))[:each] for code in codes]
        return self.where(np.sort(np.concatenate(rows)))


def respondents_of(survey: data.Survey, profiles: data.ProfileTable) -> Respondents:
    """Every respondent with a value profile."""
    rows = profiles.frame.index.to_numpy()
    answers = np.column_stack([survey.coded[question.code][rows] for question in survey.questions])
    country = profiles.country.to_numpy(dtype=np.str_)
    weights = profiles.weight.to_numpy(dtype=np.float64)
    codes, of = np.unique(country, return_inverse=True)
    totals = np.bincount(of, weights, len(codes))
    return Respondents(profiles.frame.to_numpy(dtype=np.float64), answers, weights / totals[of], country)
