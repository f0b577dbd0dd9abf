"""Intervals for means over countries × questions, both drawn anew, methods paired on every draw.

The crossed ("pigeonhole") bootstrap of Owen (2007), Annals of Applied Statistics 1(2): countries and
questions are drawn with replacement, independently of each other, and a cell counts as often as its country
times its question was drawn. A cell is never drawn by itself: its neighbours in country and in question are
not independent of it. Noise that belongs to single cells is counted up to three times over (Owen's theorem),
so intervals err on the wide side where it dominates.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtr, stdtrit

from value_personas.signatures import StatisticsError

__all__ = ["BootstrapResult", "crossed_bootstrap"]

Array = NDArray[np.float64]

BLOCK = 1000
"""Draws worked on together, which bounds the memory."""


@dataclass(frozen=True, slots=True)
class BootstrapResult:
    """Means with percentile intervals, for each method and for each pair of methods.

    Attributes:
        point: shape (methods,), the mean over defined cells.
        lower: shape (methods,), the interval's lower end.
        upper: shape (methods,), its upper end.
        pairs: (i, j) for each pair of methods, i < j.
        difference: shape (pairs,), the mean of error_j − error_i over cells where both are defined:
            negative where the later method has the lower error.
        difference_lower: shape (pairs,).
        difference_upper: shape (pairs,).
        cells: shape (methods,), how many cells are defined.
        level: the coverage aimed at.
        draws: how many draws were made.
    """

    point: Array
    lower: Array
    upper: Array
    pairs: tuple[tuple[int, int], ...]
    difference: Array
    difference_lower: Array
    difference_upper: Array
    cells: NDArray[np.intp]
    level: float
    draws: int


def crossed_bootstrap(
    errors: ArrayLike,
    *,
    draws: int = 10_000,
    level: float = 0.95,
    seed: int | np.random.SeedSequence = 0,
    clusters: Sequence[object] | None = None,
    replicates: ArrayLike | None = None,
) -> BootstrapResult:
    """Bootstrap the mean error of each method and the difference of every two.

    Args:
        errors: shape (methods, countries, questions), any score; NaN where a cell is undefined.
        draws: how many times countries and questions are drawn.
        level: the intervals' coverage, in (0, 1).
        seed: of the draws; the same seed gives the same digits.
        clusters: for each country the unit that is drawn in its place, for example its cultural zone. Such
            units are few, and percentiles of few are too narrow: their tails are then moved outward to what
            Student's t asks for (Hesterberg 2015, The American Statistician 69(4), section 5.3).
        replicates: shape (replicates, methods, countries, questions), the same errors after personas were
            drawn anew; each draw takes one of them, so that the interval also carries the personas' sampling.
            They are centred on ``errors``: an error's own bias under resampling is not counted twice.

    Returns:
        Points and percentile intervals; NaN for a method without a defined cell.

    Raises:
        StatisticsError: when shapes do not fit or a number is out of range.
    """
    e = np.asarray(errors, dtype=np.float64)
    _check(e, draws, level, clusters)
    pairs = tuple(combinations(range(len(e)), 2))
    rng = np.random.default_rng(seed)
    point, counts = _means(_contrasts(e, pairs), np.ones((1, e.shape[1])), np.ones((1, e.shape[2])))
    stats = np.concatenate(
        [
            _means(
                _contrasts(part, pairs), _draw(rng, n, part.shape[1], clusters), _draw(rng, n, part.shape[2])
            )[0]
            for part, n in _parts(e, replicates, draws)
        ]
    )
    units = None if clusters is None else len(set(clusters))
    lower, upper = _quantiles(stats, _tail(level, units))
    m = len(e)
    return BootstrapResult(
        point[0, :m], lower[:m], upper[:m], pairs, point[0, m:], lower[m:], upper[m:],
        counts[0, :m].astype(np.intp), level, draws,
    )  # fmt: skip


def _check(e: Array, draws: int, level: float, clusters: Sequence[object] | None) -> None:
    if e.ndim != 3 or 0 in e.shape:
        raise StatisticsError(f"errors must have the axes (method, country, question), got shape {e.shape}")
    if draws < 1 or not 0.0 < level < 1.0:
        raise StatisticsError(f"a bootstrap needs draws ≥ 1 and a level in (0, 1), got {draws=} {level=}")
    if clusters is not None and len(clusters) != e.shape[1]:
        raise StatisticsError(f"clusters must name one unit for each of {e.shape[1]} countries")


def _contrasts(e: Array, pairs: Sequence[tuple[int, int]]) -> Array:
    """The methods, then error_j − error_i of each pair; NaN where either is missing."""
    differences = [e[j] - e[i] for i, j in pairs]
    return np.stack([*e, *differences])


def _parts(e: Array, replicates: ArrayLike | None, draws: int) -> Iterator[tuple[Array, int]]:
    """Errors and how many draws are made on them."""
    if replicates is None:
        yield from ((e, min(BLOCK, draws - start)) for start in range(0, draws, BLOCK))
        return
    r = np.asarray(replicates, dtype=np.float64)
    if r.ndim != 4 or r.shape[1:] != e.shape or len(r) < 2:
        raise StatisticsError(f"replicates must be two or more arrays of shape {e.shape}, got {r.shape}")
    shares = np.diff(np.linspace(0, draws, len(r) + 1).astype(int))
    known = ~np.isnan(r)
    total = np.where(known, r, 0.0).sum(axis=0)
    # A cell that some draw of personas leaves without an estimate is passed over in that draw alone.
    centre = np.divide(total, known.sum(axis=0), out=np.full(total.shape, np.nan), where=known.any(axis=0))
    yield from ((e + one - centre, int(n)) for one, n in zip(r, shares, strict=True) if n)


def _draw(rng: np.random.Generator, draws: int, n: int, clusters: Sequence[object] | None = None) -> Array:
    """How often each of n units is drawn, shape (draws, n)."""
    if clusters is None:
        return rng.multinomial(n, np.full(n, 1.0 / n), size=draws).astype(np.float64)
    names = list(dict.fromkeys(clusters))
    counts = rng.multinomial(len(names), np.full(len(names), 1.0 / len(names)), size=draws)
    return counts[:, [names.index(one) for one in clusters]].astype(np.float64)


def _means(e: Array, by_country: Array, by_question: Array) -> tuple[Array, Array]:
    """Weighted means over defined cells and their total weight, shapes (draws, contrasts)."""
    known = ~np.isnan(e)
    total = _weighted_sum(np.where(known, e, 0.0), by_country, by_question)
    if known.all():
        weight = np.outer(by_country.sum(axis=1) * by_question.sum(axis=1), np.ones(len(e)))
    else:
        weight = _weighted_sum(known.astype(np.float64), by_country, by_question)
    return np.divide(total, weight, out=np.full(total.shape, np.nan), where=weight > 0), weight


def _weighted_sum(values: Array, by_country: Array, by_question: Array) -> Array:
    """Σ_c Σ_q a_c b_q v[s, c, q] for every draw: one matrix product, then one row-wise one."""
    s, c, q = values.shape
    over_countries = (by_country @ values.transpose(1, 0, 2).reshape(c, s * q)).reshape(-1, s, q)
    return np.asarray(np.matmul(over_countries, by_question[:, :, None])[:, :, 0])


def _tail(level: float, units: int | None) -> float:
    """The probability cut off at each end."""
    tail = (1.0 - level) / 2.0
    if units is None or units < 2:
        return tail
    return float(ndtr(np.sqrt(units / (units - 1)) * stdtrit(units - 1, tail)))


def _quantiles(stats: Array, tail: float) -> tuple[Array, Array]:
    """Percentile ends; draws that left a contrast without any cell are passed over."""
    if not np.isnan(stats).any():
        low, high = np.quantile(stats, [tail, 1.0 - tail], axis=0)
        return low, high
    ends = np.full((2, stats.shape[1]), np.nan)
    for s, column in enumerate(stats.T):
        known = column[~np.isnan(column)]
        if known.size:
            ends[:, s] = np.quantile(known, [tail, 1.0 - tail])
    return ends[0], ends[1]
