"""Answers + weights → what a population is predicted to answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from signatures import Persona, Question

__all__ = ["PopulationEstimate", "estimate_populations"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class PopulationEstimate:
    """Predicted distributions of C countries on M questions of at most K options.

    Attributes:
        countries: C codes.
        questions: M questions.
        probabilities: shape (C, M, K); NaN beyond a question's options, and throughout a cell that has
            more missing than allowed: it is not estimated.
        missing_share: shape (C, M), the weighted share of personas without an answer.
        variance_within: shape (C, M), the weighted mean of the personas' own variances, in score points².
        variance_between: shape (C, M), the weighted variance of the personas' means, in score points².
    """

    countries: tuple[str, ...]
    questions: tuple[Question, ...]
    probabilities: Array
    missing_share: Array
    variance_within: Array
    variance_between: Array


def estimate_populations(
    personas: Sequence[Persona], questions: Sequence[Question], log_p: Array, max_missing: float = 0.2
) -> PopulationEstimate:
    """Average the personas of each country with their weights.

    A missing answer's weight is shared among the answers that are there, up to ``max_missing``.

    Args:
        personas: P personas of any number of countries.
        questions: M questions.
        log_p: shape (P, M, K) as in ``PanelResult``, calibrated or not.
        max_missing: the weighted share of missing answers above which a cell is not estimated, in [0, 1].

    Returns:
        The estimates, countries in the order in which they first appear.
    """
    countries = tuple(dict.fromkeys(persona.country for persona in personas))
    weight = np.array([persona.weight for persona in personas])
    of_country = np.array([countries.index(persona.country) for persona in personas], dtype=np.intp)
    parts = [
        _average(weight[of_country == c], log_p[of_country == c], questions, max_missing)
        for c in range(len(countries))
    ]
    stacked = (np.stack(arrays) for arrays in zip(*parts, strict=True))
    return PopulationEstimate(countries, tuple(questions), *stacked)


def _average(
    weight: Array, log_p: Array, questions: Sequence[Question], max_missing: float
) -> tuple[Array, Array, Array, Array]:
    """One country: probabilities (M, K), missing share, variance within and between (M,)."""
    p = np.exp(log_p)
    options = np.array([len(q.scale) for q in questions])
    on_scale = np.arange(p.shape[2]) < options[:, None]
    answered = ~np.isnan(p[:, :, 0])
    w = weight[:, None] * answered
    missing = 1.0 - w.sum(axis=0) / weight.sum()
    estimated = (missing <= max_missing) & answered.any(axis=0)
    w = np.divide(w, w.sum(axis=0), out=np.full(w.shape, np.nan), where=estimated)
    filled = np.where(on_scale & answered[:, :, None], p, 0.0)
    mean, variance = _moments(filled, questions)
    grand = (np.where(answered, w * mean, 0.0)).sum(axis=0)
    within = np.where(answered, w * variance, 0.0).sum(axis=0)
    between = np.where(answered, w * (mean - grand) ** 2, 0.0).sum(axis=0)
    q = np.where(on_scale, np.einsum("pm,pmk->mk", np.where(answered, w, 0.0), filled), np.nan)
    blank = ~estimated
    q[blank], within[blank], between[blank] = np.nan, np.nan, np.nan
    return q, missing, within, between


def _moments(p: Array, questions: Sequence[Question]) -> tuple[Array, Array]:
    """Each persona's mean and variance on each question's own scores, shapes (P, M)."""
    scores = np.zeros((len(questions), p.shape[2]))
    for row, question in zip(scores, questions, strict=True):
        row[: len(question.scale)] = question.scale.values
    mean = np.einsum("pmk,mk->pm", p, scores)
    return mean, np.einsum("pmk,mk->pm", p, scores**2) - mean**2
