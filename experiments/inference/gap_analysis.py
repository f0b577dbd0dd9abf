"""Does a method help most where the model knows least? Error against an index of representation.

Two questions are kept apart. *Slope*: how error changes with an index declared before looking, for example
the distance from a reference country on the cultural map. *Catching up*: whether countries with a large
baseline error gain most. The second invites regression to the mean, since chance makes some baseline errors
large and the difference then undoes it: the baseline error that orders the countries is therefore taken from
one half of the questions and the gain from the other.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from value_personas.signatures import StatisticsError

__all__ = ["CatchingUp", "GapAnalysis", "analyse_gap", "catching_up"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class GapAnalysis:
    """A gap between well and poorly represented countries, with and without a method.

    Estimates are triples (point, lower, upper); intervals are of the crossed bootstrap.

    Attributes:
        index: shape (C,), as given.
        baseline_error: shape (C,), mean over questions.
        method_error: shape (C,).
        baseline_slope: change of error for one standard deviation of the index.
        method_slope: the same.
        slope_difference: method − baseline; below 0 the gap narrows where baseline_slope is above 0.
        baseline_gap: mean error of the less represented half (index above its median) − that of the other.
        method_gap: the same.
        gap_difference: method − baseline.
        level: of the intervals.
        kept: shape (countries given,), True for the C countries that have errors and an index.
    """

    index: Array
    baseline_error: Array
    method_error: Array
    baseline_slope: tuple[float, float, float]
    method_slope: tuple[float, float, float]
    slope_difference: tuple[float, float, float]
    baseline_gap: tuple[float, float, float]
    method_gap: tuple[float, float, float]
    gap_difference: tuple[float, float, float]
    level: float
    kept: NDArray[np.bool_]


def analyse_gap(
    baseline: ArrayLike,
    method: ArrayLike,
    index: ArrayLike,
    *,
    draws: int = 5000,
    level: float = 0.95,
    seed: int = 0,
) -> GapAnalysis:
    """Regress errors on an index of how poorly a country is represented.

    Args:
        baseline: shape (C, M), errors without value personas; NaN where undefined.
        method: the same with them.
        index: shape (C,), larger = less represented, declared before looking at errors; not constant.
        draws: countries and questions are drawn anew this often.
        level: of the intervals.
        seed: of the draws.

    Raises:
        StatisticsError: when shapes do not fit, or fewer than four countries have an index and errors.
    """
    a, b, x, kept = _aligned(baseline, method, index)
    z = (x - x.mean()) / x.std()
    rng = np.random.default_rng(seed)
    c, m = a.shape
    point = _statistics(a, b, z, x > np.median(x), np.ones((1, c)), np.ones((1, m)))[0]
    drawn = _statistics(
        a, b, z, x > np.median(x),
        rng.multinomial(c, np.full(c, 1 / c), size=draws).astype(float),
        rng.multinomial(m, np.full(m, 1 / m), size=draws).astype(float),
    )  # fmt: skip
    ends = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2], axis=0)
    triples = [(float(p), float(low), float(high)) for p, low, high in zip(point, *ends, strict=True)]
    return GapAnalysis(
        index=x,
        baseline_error=_row_means(a),
        method_error=_row_means(b),
        baseline_slope=triples[0],
        method_slope=triples[1],
        slope_difference=triples[2],
        baseline_gap=triples[3],
        method_gap=triples[4],
        gap_difference=triples[5],
        level=level,
        kept=kept,
    )


@dataclass(frozen=True, slots=True)
class CatchingUp:
    """Whether the gain grows with the baseline error.

    Attributes:
        naive_slope: gain on baseline error, both from the same questions: biased upward by construction.
        guarded_slope: gain of one half of the questions on baseline error of the other, mean over splits;
            noise in the baseline error pulls it toward 0, so it errs on the safe side.
        lower: of the guarded slope, countries drawn anew.
        upper: the same.
        splits: random halves.
    """

    naive_slope: float
    guarded_slope: float
    lower: float
    upper: float
    splits: int


def catching_up(
    baseline: ArrayLike,
    method: ArrayLike,
    *,
    splits: int = 200,
    draws: int = 2000,
    level: float = 0.95,
    seed: int = 0,
) -> CatchingUp:
    """Slope of the gain (baseline − method) on the baseline error, with a split half of questions.

    Args as ``analyse_gap``; every country needs errors on four questions or more.
    """
    a, b, _, _ = _aligned(baseline, method, np.arange(len(np.asarray(baseline)), dtype=np.float64))
    rng = np.random.default_rng(seed)
    m = a.shape[1]
    if m < 4:
        raise StatisticsError(f"a split half needs four questions or more, got {m}")
    counts = rng.multinomial(len(a), np.full(len(a), 1 / len(a)), size=draws).astype(float)
    points, drawn = [], np.zeros(draws)
    for _ in range(splits):
        order = rng.permutation(m)
        for one, other in ((order[: m // 2], order[m // 2 :]), (order[m // 2 :], order[: m // 2])):
            x, gain = _row_means(a[:, one]), _row_means(a[:, other]) - _row_means(b[:, other])
            points.append(_slopes(x, gain, np.ones((1, len(a))))[0])
            drawn += _slopes(x, gain, counts) / (2 * splits)
    low, high = np.nanquantile(drawn, [(1 - level) / 2, (1 + level) / 2])
    x = _row_means(a)
    naive = _slopes(x, x - _row_means(b), np.ones((1, len(a))))[0]
    return CatchingUp(float(naive), float(np.mean(points)), float(low), float(high), splits)


def _aligned(
    baseline: ArrayLike, method: ArrayLike, index: ArrayLike
) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
    """Cells that both methods have, of countries that have an index; and which countries those are."""
    a, b, x = (np.asarray(v, dtype=np.float64) for v in (baseline, method, index))
    if a.ndim != 2 or a.shape != b.shape or x.shape != a.shape[:1]:
        raise StatisticsError(
            f"errors (C, M) twice and an index (C,) are needed, got {a.shape} {b.shape} {x.shape}"
        )
    both = ~np.isnan(a) & ~np.isnan(b)
    kept = both.any(axis=1) & ~np.isnan(x)
    if kept.sum() < 4 or np.ptp(x[kept]) == 0.0:
        raise StatisticsError("a gap needs four countries with errors and an index that is not constant")
    return np.where(both, a, np.nan)[kept], np.where(both, b, np.nan)[kept], x[kept], kept


def _statistics(
    a: Array, b: Array, z: Array, far: NDArray[np.bool_], by_country: Array, by_question: Array
) -> Array:
    """Slopes and gaps of baseline, method and difference for every draw, shape (draws, 6)."""
    known = (~np.isnan(a)).astype(np.float64)
    cells = by_question @ known.T
    mean_a, mean_b = (
        np.divide(by_question @ np.nan_to_num(e).T, cells, out=np.zeros_like(cells), where=cells > 0)
        for e in (a, b)
    )
    weight = by_country * (cells > 0)
    slope_a, slope_b = _slopes(z, mean_a, weight), _slopes(z, mean_b, weight)
    gap_a, gap_b = (_group_difference(e, weight, far) for e in (mean_a, mean_b))
    return np.stack([slope_a, slope_b, slope_b - slope_a, gap_a, gap_b, gap_b - gap_a], axis=1)


def _slopes(x: Array, y: Array, weight: Array) -> Array:
    """Weighted least squares of y on x for every draw; NaN where a draw has no spread in x."""
    total = weight.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mx = (weight * x).sum(axis=1) / total
        my = (weight * y).sum(axis=1) / total
        sxx = (weight * x**2).sum(axis=1) / total - mx**2
        sxy = (weight * x * y).sum(axis=1) / total - mx * my
        return np.asarray(np.where(sxx > 1e-12 * max(float(np.var(x)), 1e-300), sxy / sxx, np.nan))


def _group_difference(e: Array, weight: Array, far: NDArray[np.bool_]) -> Array:
    """Mean of the far countries − mean of the others; NaN where a draw lacks one side."""
    sides = []
    for side in (far, ~far):
        w = weight * side
        total = w.sum(axis=1)
        sides.append(np.divide((w * e).sum(axis=1), total, out=np.full(len(w), np.nan), where=total > 0))
    return np.asarray(sides[0] - sides[1])


def _row_means(e: Array) -> Array:
    """Mean over each country's questions."""
    known = ~np.isnan(e)
    n = known.sum(axis=1)
    if (n == 0).any():
        raise StatisticsError("a country has no error in one half of the questions; leave it out")
    return np.asarray(np.where(known, e, 0.0).sum(axis=1) / n)
