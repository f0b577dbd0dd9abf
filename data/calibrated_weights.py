"""Calibrated weights: drawn respondents stand for their country's means of the value items exactly.

Model-assisted estimation (Deville & Särndal 1992) with a ridge (Bardsley & Chambers 1984): one set of weights
a country, the same for all questions and options. No question enters them, and they cost no call. Where the
answers of personas are near linear in the items, a sample so weighted tells as much as a much larger one.
"""

from dataclasses import dataclass

import numpy as np

from value_personas.signatures import Array, SurveyError

GROUPS = 20
"""Groups of the jackknife: every twentieth draw of the walk is in one."""

_NEIGHBOURS = 6
"""Draws in a row among which the walk leaves to chance who is drawn; more where n is no multiple of it."""

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
        jackknife: shape (G, n), the same with every G-th draw given up to its neighbours and all calibrated
            anew: the variance of t is (G − 1)/G · Σ(t_g − t̄)².
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
    jackknife = np.stack([_solve(drawn, total, design) for design in _given_up(n)])
    return CalibratedWeights(_solve(drawn, total, np.full(n, 1.0 / n)), jackknife)


def _given_up(n: int) -> Array:
    """Design weights of the delete-a-group jackknife, shape (G, n), each row summing to 1.

    A walk draws one from each stretch of its way, so that what it leaves to chance is who of the neighbours
    is drawn. A draw of the group is therefore given up to those beside it alone: of m neighbours it keeps
    1 − (m − 1)·z of its weight and the others take z each, z² = G / ((G − 1)·m·(m − 1)) (the extended form
    for strata of fewer draws than groups: Kott 2001, Journal of Official Statistics 17(4)).
    """
    groups, place = min(GROUPS, n), np.arange(n)
    stretch = place * max(1, n // _NEIGHBOURS) // n
    size = np.bincount(stretch)[stretch]
    moved = np.sqrt(groups / ((groups - 1.0) * size * (size - 1.0)))
    out = np.full((groups, n), 1.0 / n)
    for group in range(groups):
        gone = place % groups == group
        touched = np.isin(stretch, stretch[gone])
        out[group] *= np.where(gone, 1.0 - (size - 1.0) * moved, np.where(touched, 1.0 + moved, 1.0))
    return out


def _solve(z: Array, total: Array, design: Array) -> Array:
    """Linear calibration; what would fall below its least is held there, and the rest solved again."""
    n = len(z)
    held = np.zeros(n, dtype=np.bool_)
    weights = design
    for _ in range(_ROUNDS):
        rest = 1.0 - _LEAST * design[held].sum()
        d = design[~held] * rest / design[~held].sum()
        wanted = total - _LEAST * design[held] @ z[held]
        centred = z[~held] - d @ z[~held] / rest
        spread = (d * centred.T) @ centred + _RIDGE / n * np.eye(z.shape[1])
        step = np.linalg.solve(spread, wanted - d @ z[~held])
        weights = _LEAST * design
        weights[~held] = d * (1.0 + centred @ step)
        low = weights < _LEAST * design * (1 - 1e-12)
        if not low.any():
            return weights
        held |= low
    weights = np.maximum(weights, _LEAST * design)
    return np.asarray(weights / weights.sum())
