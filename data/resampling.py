"""How far a human sample is from itself: the error below which no prediction can be told from the truth.

All functions take plain arrays, so that any score can be read against its floor: positions of the valid
answers, shape (m,), their weights > 0, shape (m,), and the number of options K.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from value_personas.data.survey.weighting import kish_effective_size
from value_personas.signatures import SurveyError

__all__ = ["NoiseFloor", "bootstrap_distributions", "noise_floor", "split_half_distributions"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Score = Callable[[Floats, Floats], float]

# Replicates are drawn in chunks of about so many numbers, to bound memory.
_CHUNK = 4_000_000


@dataclass(frozen=True)
class NoiseFloor:
    """The floor of one score in one cell.

    Attributes:
        bootstrap: mean score between the sample's distribution and those of its bootstrap replicates: what a
            second sample of the same size and design would show against this one, short of a factor √2.
        split_half: mean score between the two halves of random splits. Each half has half the sample, so this
            is about twice the bootstrap floor.
        interval: 2.5 % and 97.5 % points of the bootstrap scores.
        effective_size: Kish's effective sample size of the valid answers.
    """

    bootstrap: float
    split_half: float
    interval: tuple[float, float]
    effective_size: float


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
    carried = _carried(positions, weights, options)
    chunk = max(1, _CHUNK // size)
    parts = []
    for start in range(0, draws, chunk):
        counts = rng.multinomial(size, np.full(size, 1.0 / size), size=min(chunk, draws - start))
        parts.append(counts @ carried)
    totals = np.concatenate(parts)
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


def noise_floor(
    positions: Integers,
    weights: Floats,
    options: int,
    score: Score,
    *,
    draws: int = 200,
    seed: int | np.random.SeedSequence = 0,
) -> NoiseFloor:
    """The floor of a score in one cell.

    Args:
        positions: shape (m,), valid answers as positions 0 … K − 1 (``Survey.responses``).
        weights: shape (m,), > 0.
        options: K.
        score: (human, model), each of shape (K,) → an error ≥ 0.
        draws: replicates of each kind.
        seed: the same seed gives the same floor.

    Raises:
        SurveyError: for no answers, a position off the scale or a weight that is not positive.
    """
    root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    for_bootstrap, for_halves = root.spawn(2)
    _check(positions, weights, options)
    human = _carried(positions, weights, options).sum(axis=0)
    human = human / human.sum()
    replicates = bootstrap_distributions(positions, weights, options, draws, for_bootstrap)
    errors = np.array([score(human, replicate) for replicate in replicates])
    halves = split_half_distributions(positions, weights, options, draws, for_halves)
    low, high = np.quantile(errors, [0.025, 0.975])
    return NoiseFloor(
        bootstrap=float(errors.mean()),
        split_half=float(np.mean([score(first, second) for first, second in halves])),
        interval=(float(low), float(high)),
        effective_size=kish_effective_size(weights),
    )


def _carried(positions: Integers, weights: Floats, options: int) -> Floats:
    """Shape (m, K): each respondent's weight in the column of the answer."""
    carried = np.zeros((len(positions), options))
    carried[np.arange(len(positions)), positions] = weights
    return carried


def _check(positions: Integers, weights: Floats, options: int) -> None:
    if len(positions) == 0 or len(positions) != len(weights):
        raise SurveyError(
            f"a noise floor needs one weight an answer, and answers; got {len(positions)=} {len(weights)=}"
        )
    if positions.min() < 0 or positions.max() >= options:
        raise SurveyError(
            f"positions must lie in 0 … {options - 1}, got {positions.min()} … {positions.max()}"
        )
    if not (np.isfinite(weights).all() and (weights > 0).all()):
        raise SurveyError("weights must be finite and positive")
