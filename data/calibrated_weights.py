"""Calibrated weights: drawn respondents stand for their country's means of the value items exactly.

Model-assisted estimation (Deville & Särndal 1992) with a ridge (Bardsley & Chambers 1984): one set of weights
a country, the same for all questions and options. No question enters them, and they cost no call. Where the
answers of personas are near linear in the items, a sample so weighted tells as much as a much larger one.
"""

from dataclasses import dataclass

import numpy as np

from value_personas.signatures import Array, SurveyError

GROUPS = 20
"""Groups of the jackknife: every twentieth draw of the walk is left out in turn."""

_RIDGE = 1.0
_LEAST = 0.2
"""The share of its design weight that every draw keeps."""

_ROUNDS = 25
_A_COLUMN = 4
"""Draws that each calibrated column, and the constant, must have."""


@dataclass(frozen=True)
class CalibratedWeights:
    """Weights of n draws.

    Attributes:
        weights: shape (n,), > 0, summing to 1.
        jackknife: shape (G, n), the same with every G-th draw left out and the rest calibrated anew.
    """

    weights: Array
    jackknife: Array


def enough_to_calibrate(n: int, columns: int) -> bool:
    """Whether so many draws can be calibrated to so many columns."""
    return columns > 0 and n >= _A_COLUMN * (columns + 1)


def standardised_items(values: Array, share: Array) -> Array:
    """Items at mean 0 and variance 1 under the weights, 0 where missing; what does not vary is left out.

    Args:
        values: shape (N, items), NaN where missing.
        share: shape (N,), > 0, summing to 1.
    """
    known = ~np.isnan(values)
    total = np.maximum(share @ known, np.finfo(float).tiny)
    mean = (share @ np.where(known, values, 0.0)) / total
    centred = np.where(known, values - mean, 0.0)
    deviation = np.sqrt(share @ centred**2 / total)
    varies = deviation > 0
    return np.asarray(centred[:, varies] / deviation[varies])


def calibrated_weights(drawn: Array, total: Array) -> CalibratedWeights:
    """Weights under which the draws' means come to the population's.

    Args:
        drawn: shape (n, columns), what is known of each draw, in the order of the walk.
        total: shape (columns,), the population's means.

    Raises:
        SurveyError: with fewer draws than ``enough_to_calibrate`` asks for.
    """
    n, columns = drawn.shape
    if not enough_to_calibrate(n, columns):
        raise SurveyError(f"{n} draws cannot be calibrated to {columns} columns")
    groups = min(GROUPS, n)
    jackknife = np.zeros((groups, n))
    for group in range(groups):
        kept = np.arange(n) % groups != group
        jackknife[group, kept] = _solve(drawn[kept], total)
    return CalibratedWeights(_solve(drawn, total), jackknife)


def _solve(z: Array, total: Array) -> Array:
    """Linear calibration; what would fall below its least is held there, and the rest solved again."""
    n = len(z)
    design = np.full(n, 1.0 / n)
    held = np.zeros(n, dtype=np.bool_)
    weights = design
    for _ in range(_ROUNDS):
        rest = 1.0 - _LEAST * design[held].sum()
        d = design[~held] * rest / design[~held].sum()
        wanted = total - _LEAST * design[held] @ z[held]
        centred = z[~held] - d @ z[~held] / rest
        spread = (d * centred.T) @ centred + _RIDGE / n * np.eye(z.shape[1])
        step = np.linalg.solve(spread, wanted - d @ z[~held])
        weights = np.full(n, _LEAST / n)
        weights[~held] = d * (1.0 + centred @ step)
        low = weights < _LEAST * design * (1 - 1e-12)
        if not low.any():
            return weights
        held |= low
    weights = np.maximum(weights, _LEAST * design)
    return np.asarray(weights / weights.sum())
