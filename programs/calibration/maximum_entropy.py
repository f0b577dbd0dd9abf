"""The two extreme laws with a given mean: the most even one, and the one on the scale's two ends."""

import numpy as np

from value_personas.programs.calibration.distributions import Distributions
from value_personas.programs.calibration.tilt import solve_tilt
from value_personas.signatures import Array


def maximum_entropy_law(rows: Distributions) -> Array:
    """The law ∝ exp(β·r) over the whole scale with each row's mean (Jaynes 1957).

    Its variance is the limit that a hot tilt of full support approaches.

    Returns:
        Probabilities, shape (K, n).
    """
    flat = np.where(rows.mask, 0.0, -np.inf)
    return np.exp(solve_tilt(np.broadcast_to(flat, rows.log_p.shape), rows.scores, rows.p))


def end_point_law(rows: Distributions) -> Array:
    """All mass on the lowest and the highest score, with each row's mean: the widest law there is.

    Its variance is (m − r₁)(r_K − m).

    Returns:
        Probabilities, shape (K, n).
    """
    low, high = rows.ends
    span = np.where(high > low, high - low, 1.0)
    top = (rows.p * (rows.scores - low)).sum(axis=0) / span
    at_top = rows.mask & (rows.scores == high)
    at_low = rows.mask & (rows.scores == low)
    return np.where(at_top & (high > low), top, 0.0) + np.where(at_low, 1.0 - top, 0.0)


def variance(p: Array, scores: Array) -> Array:
    """Var[r] of options-first rows, shape (n,), in score points²."""
    mean = (p * scores).sum(axis=0)
    return np.asarray((p * (scores - mean) ** 2).sum(axis=0))
