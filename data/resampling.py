"""A human sample drawn anew: what a second survey of the same size and design would have found.

All functions take plain arrays: positions of the valid answers, shape (m,), their weights > 0, shape (m,),
the number of options K, and where it is told each answer's sampling point, shape (m,), numbered from 0. Who
was interviewed at one point is drawn together, for people of one place are alike.
"""

import numpy as np

from value_personas.signatures import Array, Integers, SurveyError


def bootstrap_distributions(
    positions: Integers,
    weights: Array,
    options: int,
    draws: int,
    seed: int | np.random.SeedSequence = 0,
    points: Integers | None = None,
) -> Array:
    """Weighted bootstrap: respondents drawn with replacement, each with its weight; or whole sampling points.

    Of P points P − 1 are drawn, so that the variance is right where they are few (Rao & Wu 1988, Journal of
    the American Statistical Association 83(401)).

    Returns:
        Shape (draws, K), rows summing to 1.
    """
    _check(positions, weights, options)
    rng = np.random.default_rng(seed)
    if points is not None:
        by_point = _by_point(points, _carried(positions, weights, options))
        at = len(by_point)
        counts = rng.multinomial(at - 1, np.full(at, 1.0 / at), size=draws)
        clustered = counts @ by_point
        return np.asarray(clustered / clustered.sum(axis=1, keepdims=True))
    size = len(positions)
    totals = np.empty((draws, options))
    for draw in range(draws):  # one at a time: what a draw reads then stays in the processor's cache
        drawn = rng.integers(0, size, size=size)
        totals[draw] = np.bincount(positions.take(drawn), weights=weights.take(drawn), minlength=options)
    return np.asarray(totals / totals.sum(axis=1, keepdims=True))


def split_half_distributions(
    positions: Integers,
    weights: Array,
    options: int,
    draws: int,
    seed: int | np.random.SeedSequence = 0,
    points: Integers | None = None,
) -> Array:
    """Random halves of the respondents, or of the sampling points; weights carried.

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
    if points is not None:
        carried = _by_point(points, carried)
    total = carried.sum(axis=0)
    halves = np.empty((draws, 2, options))
    for draw in range(draws):
        first = carried[rng.permutation(len(carried))[: len(carried) // 2]].sum(axis=0)
        halves[draw] = first, np.maximum(total - first, 0.0)  # rounding may leave −1e-17
    return np.asarray(halves / halves.sum(axis=2, keepdims=True))


def effective_answers(
    positions: Integers, weights: Array, scores: Array, points: Integers | None = None
) -> float:
    """How many answers drawn one by one, all of one weight, would tell the mean as well.

    (Σw)² / Σw² (Kish 1965); with sampling points σ² / V, with the answers' variance σ² and the linearised
    variance V = P/(P − 1) · Σ_p (Σ_{i∈p} w_i (y_i − ȳ))² / (Σw)² of their mean.

    Args:
        positions: of the answers.
        weights: of the answers.
        scores: shape (K,), of the options.
        points: of the answers.
    """
    _check(positions, weights, len(scores))
    total = weights.sum()
    if points is not None:
        answers = scores[positions]
        apart = answers - weights @ answers / total
        at = int(points.max()) + 1
        variance = at / (at - 1) * (np.bincount(points, weights * apart, at) ** 2).sum() / total**2
        if variance > 0.0:
            return float(weights @ apart**2 / total / variance)
    return float(total**2 / (weights**2).sum())


def _by_point(points: Integers, carried: Array) -> Array:
    """Shape (P, K): the weights of each point's answers."""
    if len(points) != len(carried) or len(np.unique(points)) != points.max() + 1 or points.max() < 1:
        raise SurveyError("sampling points must be two or more, numbered from 0, one an answer")
    out = np.zeros((int(points.max()) + 1, carried.shape[1]))
    np.add.at(out, points, carried)
    return out


def _carried(positions: Integers, weights: Array, options: int) -> Array:
    """Shape (m, K): each respondent's weight in the column of the answer."""
    carried = np.zeros((len(positions), options))
    carried[np.arange(len(positions)), positions] = weights
    return carried


def _check(positions: Integers, weights: Array, options: int) -> None:
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
