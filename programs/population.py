"""Answers + weights → what a population is predicted to answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from value_personas.signatures import Array, Persona, Question

LEEWAY = 1e-9
"""Weights are sums of shares: two missing of ten are a fifth, whatever their last digit says."""


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
    p, scores = np.exp(log_p), _scores(questions, log_p.shape[2])
    parts = [
        average_answers(weight[of_country == c], p[of_country == c], scores, max_missing)
        for c in range(len(countries))
    ]
    stacked = (np.stack(arrays) for arrays in zip(*parts, strict=True))
    return PopulationEstimate(countries, tuple(questions), *stacked)


def average_answers(
    weight: Array, p: Array, scores: Array, max_missing: float
) -> tuple[Array, Array, Array, Array]:
    """Average the answers of one population.

    Args:
        weight: shape (P,), ≥ 0, with a sum above 0.
        p: shape (P, M, K), probabilities; NaN throughout a missing answer.
        scores: shape (M, K), the options' scores; NaN beyond a question's options.
        max_missing: as in ``estimate_populations``.

    Returns:
        Probabilities (M, K), NaN beyond a question's options and where a cell is not estimated; the weighted
        share of missing answers, and the variance within and between the people, each (M,).
    """
    (q,), (missing,) = weighted_means(weight[None], p, ~np.isnan(scores), max_missing)
    estimated = ~np.isnan(q[:, 0])
    answered, filled = _known(p, ~np.isnan(scores))
    w = weight[:, None] * answered
    w = np.divide(w, w.sum(axis=0), out=np.full(w.shape, np.nan), where=estimated)
    mean, variance = _moments(filled, np.nan_to_num(scores))
    grand = (np.where(answered, w * mean, 0.0)).sum(axis=0)
    within = np.where(answered, w * variance, 0.0).sum(axis=0)
    between = np.where(answered, w * (mean - grand) ** 2, 0.0).sum(axis=0)
    within[~estimated], between[~estimated] = np.nan, np.nan
    return q, missing, within, between


def weighted_means(
    weights: Array, p: Array, mask: NDArray[np.bool_], max_missing: float = 0.2
) -> tuple[Array, Array]:
    """Average the same answers under several sets of weights.

    Args:
        weights: shape (B, P), ≥ 0, each row with a sum above 0; for example one row a country.
        p: shape (P, M, K), probabilities; NaN throughout a missing answer.
        mask: shape (M, K), True for a question's own options, which come first.
        max_missing: as in ``estimate_populations``.

    Returns:
        Probabilities, shape (B, M, K), NaN beyond a question's options and where a cell is not estimated;
        and the weighted share of missing answers, shape (B, M).
    """
    answered, filled = _known(p, mask)
    known = weights @ answered
    missing = weights @ ~answered / weights.sum(axis=1)[:, None]
    estimated = (missing <= max_missing + LEEWAY) & (known > 0.0)
    people, m, k = p.shape
    total = (weights @ filled.reshape(people, m * k)).reshape(-1, m, k)
    there = estimated[:, :, None] & mask
    q = np.divide(total, known[:, :, None], out=np.full(total.shape, np.nan), where=there)
    return q, missing


def _known(p: Array, mask: NDArray[np.bool_]) -> tuple[NDArray[np.bool_], Array]:
    """Which cells are answered, shape (P, M), and their probabilities, 0 where there are none."""
    answered = ~np.isnan(p[:, :, 0])
    return answered, np.where(answered[:, :, None] & mask, p, 0.0)


def _scores(questions: Sequence[Question], options: int) -> Array:
    """Shape (M, K), NaN beyond a question's options."""
    scores = np.full((len(questions), options), np.nan)
    for row, question in zip(scores, questions, strict=True):
        row[: len(question.scale)] = question.scale.values
    return scores


def _moments(p: Array, scores: Array) -> tuple[Array, Array]:
    """Each persona's mean and variance on each question's own scores, shapes (P, M)."""
    mean = np.einsum("pmk,mk->pm", p, scores)
    return mean, np.einsum("pmk,mk->pm", p, scores**2) - mean**2
