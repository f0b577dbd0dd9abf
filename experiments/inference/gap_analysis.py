"""Does a method help most where the model knows least? Error against an index of representation.

Two questions are kept apart. *Slope*: how error changes with an index declared before looking, for example
the distance from a reference country on the cultural map. *Catching up*: whether countries with a large
baseline error gain most. The second invites regression to the mean, since chance makes some baseline errors
large and the difference then undoes it: the baseline error that orders the countries is therefore taken from
one half of the questions and the gain from the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from value_personas.experiments.inference.clustered import Estimates, clustered_slopes
from value_personas.experiments.inference.units import units_of
from value_personas.signatures import Array, StatisticsError


@dataclass(frozen=True, slots=True)
class GapAnalysis:
    """A gap between well and poorly represented countries, with and without a method.

    Estimates are triples (point, lower, upper), with the intervals of ``clustered_slopes``.

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
    zones: Sequence[str] | None = None,
    *,
    level: float = 0.95,
    replicates: ArrayLike | None = None,
) -> GapAnalysis:
    """Regress errors on an index of how poorly a country is represented.

    Args:
        baseline: shape (C, M), errors without value personas; NaN where undefined.
        method: the same with them.
        index: shape (C,), larger = less represented, declared before looking at errors; not constant.
        zones: each country's cultural zone; every country by itself when absent.
        level: of the intervals.
        replicates: shape (R, 2, C, M), both errors after personas were drawn anew.

    Raises:
        StatisticsError: when shapes do not fit, or fewer than four countries have an index and errors.
    """
    a, b, x, kept = _aligned(baseline, method, index)
    units = None if zones is None else units_of([zone for zone, k in zip(zones, kept, strict=True) if k])
    drawn = None if replicates is None else with_difference(np.asarray(replicates)[:, :, kept])
    slopes, gaps = (
        clustered_slopes(with_difference(np.stack([a, b])), v, units, level=level, replicates=drawn)
        for v in ((x - x.mean()) / x.std(), (x > np.median(x)).astype(np.float64))
    )
    slope, gap = (list(zip(*ends, strict=True)) for ends in (_ends(slopes), _ends(gaps)))
    return GapAnalysis(
        index=x,
        baseline_error=_row_means(a),
        method_error=_row_means(b),
        baseline_slope=slope[0],
        method_slope=slope[1],
        slope_difference=slope[2],
        baseline_gap=gap[0],
        method_gap=gap[1],
        gap_difference=gap[2],
        level=level,
        kept=kept,
    )


def _ends(found: Estimates) -> tuple[list[float], list[float], list[float]]:
    return found.point.tolist(), found.lower.tolist(), found.upper.tolist()


def with_difference(errors: Array) -> Array:
    """Shape (..., 2, C, M) → (..., 3, C, M): the first, the second, and the second less the first."""
    return np.concatenate([errors, errors[..., 1:, :, :] - errors[..., :1, :, :]], axis=-3)


@dataclass(frozen=True, slots=True)
class CatchingUp:
    """Whether the gain grows with the baseline error.

    Attributes:
        guarded_slope: gain in one half of the batteries on baseline error in the other, mean over splits;
            noise in the baseline error pulls it toward 0, so it errs on the safe side.
        lower: of the guarded slope, countries or zones left out in turn.
        upper: the same.
    """

    guarded_slope: float
    lower: float
    upper: float


def catching_up(
    baseline: ArrayLike,
    method: ArrayLike,
    batteries: Sequence[str],
    zones: Sequence[str] | None = None,
    *,
    splits: int = 200,
    level: float = 0.95,
    seed: int = 0,
) -> CatchingUp:
    """Slope of the gain (baseline − method) on the baseline error, from different halves of the batteries.

    From the same questions the slope would be above 0 by construction. Questions of one battery share their
    errors: torn apart, they carry chance from one half into the other.

    Args:
        baseline: shape (C, M); NaN where undefined.
        method: the same with value personas.
        batteries: each question's battery.
        zones: as in ``analyse_gap``.
        splits: random halves.
        level: of the interval.
        seed: of the halves.

    Raises:
        StatisticsError: with fewer than four batteries or countries.
    """
    a, b, _, kept = _aligned(baseline, method, np.arange(len(np.asarray(baseline)), dtype=np.float64))
    names = list(dict.fromkeys(batteries))
    if len(names) < 4:
        raise StatisticsError(f"a split half needs four batteries of questions or more, got {len(names)}")
    of_country = range(len(kept)) if zones is None else units_of(list(zones))
    units = [unit for unit, k in zip(of_country, kept, strict=True) if k]
    found = list(dict.fromkeys(units))
    without = np.array([[unit != one for unit in units] for one in found], dtype=np.float64)
    weights = np.concatenate([np.ones((1, len(a))), without])  # all, then each unit left out
    battery = np.array([names.index(one) for one in batteries])
    rng = np.random.default_rng(seed)
    slopes = np.zeros(len(weights))
    for _ in range(splits):
        first = np.isin(battery, rng.permutation(len(names))[: len(names) // 2])
        for half in (first, ~first):
            x, gain = _row_means(a[:, half]), _row_means(a[:, ~half]) - _row_means(b[:, ~half])
            slopes += _slopes(x, gain, weights) / (2 * splits)
    n = len(found)
    se = np.sqrt((n - 1) / n * ((slopes[1:] - slopes[0]) ** 2).sum())
    width = float(stdtrit(n - 1, (1 + level) / 2) * se)
    return CatchingUp(float(slopes[0]), float(slopes[0] - width), float(slopes[0] + width))


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


def _slopes(x: Array, y: Array, weight: Array) -> Array:
    """Weighted least squares of y on x for every draw; NaN where a draw has no spread in x."""
    total = weight.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        mx = (weight * x).sum(axis=1) / total
        my = (weight * y).sum(axis=1) / total
        sxx = (weight * x**2).sum(axis=1) / total - mx**2
        sxy = (weight * x * y).sum(axis=1) / total - mx * my
        return np.asarray(np.where(sxx > 1e-12 * max(float(np.var(x)), 1e-300), sxy / sxx, np.nan))


def _row_means(e: Array) -> Array:
    """Mean over each country's questions."""
    known = ~np.isnan(e)
    n = known.sum(axis=1)
    if (n == 0).any():
        raise StatisticsError("a country has no error in one half of the questions; leave it out")
    return np.asarray(np.where(known, e, 0.0).sum(axis=1) / n)
