"""A human sample drawn anew: what a second survey of the same size and design would have found.

Both functions take plain arrays: positions of the valid
answers, shape (m,), their weights > 0, shape (m,), and the number of options K.
"""

import numpy as np
from numpy.typing import NDArray

from value_personas.signatures import SurveyError

__all__ = ["bootstrap_distributions", "split_half_distributions"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]


def bootstrap_distributions(
    positions: Integers, weights: Floats, options: int, draws: int, seed: int | np.random.SeedSequence = 0
) -> Floats:
    """Weighted bootstrap: respondents drawn with replacement, each with its weight.

    Returns:
        Shape (draws, K), rows summing to 1.
    """
    _check(positions, weights, options)
    rng = np.random.default_rng(seed)
    size = len(positions)
    totals = np.empty((draws, options))
    for draw in range(draws):  # one at a time: what a draw reads then stays in the processor's cache
        drawn = rng.integers(0, size, size=size)
        totals[draw] = np.bincount(positions.take(drawn), weights=weights.take(drawn), minlength=options)
    return np.asarray(totals / totals.sum(axis=1, keepdims=True))


def split_half_distributions(
    positions: Integers, weights: Floats, options: int, draws: int, seed: int | np.random.SeedSequence = 0
) -> Floats:
    """Random halves of the respondents, weights carried.

    Returns:
        Shape (draws, 2, K), rows summing to 1.

    Raises:
        SurveyError: with fewer than two respondents.
    """
    _check(positions, weights, options)
    if len(positions) < 2:
        raise SurveyError("a split half needs at least two respondents")
    rng = np.random.default_rng(seed)
    carried = _carried(positions, weights, options)
    total = carried.sum(axis=0)
    halves = np.empty((draws, 2, options))
    for draw in range(draws):
        first = carried[rng.permutation(len(positions))[: len(positions) // 2]].sum(axis=0)
        halves[draw] = first, np.maximum(total - first, 0.0)  # rounding may leave −1e-17
    return np.asarray(halves / halves.sum(axis=2, keepdims=True))


def _carried(positions: Integers, weights: Floats, options: int) -> Floats:
    """Shape (m, K): each respondent's weight in the column of the answer."""
    carried = np.zeros((len(positions), options))
    carried[np.arange(len(positions)), positions] = weights
    return carried


def _check(positions: Integers, weights: Floats, options: int) -> None:
    if len(positions) == 0 or len(positions) != len(weights):
        raise SurveyError(
            f"drawing anew needs one weight an answer, and answers; got {len(positions)=} {len(weights)=}"
        )
    if positions.min() < 0 or positions.max() >= options:
        raise SurveyError(
            f"positions must lie in 0 … {options - 1}, got {positions.min()} … {positions.max()}"
        )
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        raise SurveyError("weights must be finite and positive")
