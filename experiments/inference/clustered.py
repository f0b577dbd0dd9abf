"""Standard errors, intervals and p-values of one kind, behind every figure that a table shows.

A cell is never independent of its neighbours: those of its country share people and personas, those of its
question share a wording, and countries of one cultural zone resemble each other. Variances are therefore
clustered two ways (Cameron, Gelbach & Miller 2011, Journal of Business & Economic Statistics 29(2)): what
leaving out one country or zone after the other changes, plus what leaving out one question after the other
does, less what both count. Leaving out whole units (the jackknife) keeps its size where they are few
(MacKinnon, Nielsen & Webb 2023, Journal of Econometrics 232(2)). Student's t has min(units, questions) − 1
degrees of freedom, for a slope over units two less than these; p-value and interval come of the same
standard error, so that they cannot disagree.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtr, stdtrit

from value_personas.signatures import Array, StatisticsError

Counts = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Estimates:
    """Statistics with what is known of each; shapes (S,). NaN where nothing can be said.

    Attributes:
        point: the statistic over all defined cells.
        se: its standard error.
        df: degrees of freedom of its t distribution.
        cells: how many cells are defined.
        level: coverage of the intervals.
    """

    point: Array
    se: Array
    df: Array
    cells: Counts
    level: float

    @property
    def half_width(self) -> Array:
        """Half the interval."""
        with np.errstate(invalid="ignore"):
            return np.asarray(stdtrit(self.df, (1.0 + self.level) / 2.0) * self.se)

    @property
    def lower(self) -> Array:
        """Lower ends of the intervals."""
        return self.point - self.half_width

    @property
    def upper(self) -> Array:
        """Upper ends."""
        return self.point + self.half_width

    @property
    def p(self) -> Array:
        """Two-sided p-values of the hypothesis that the statistic is 0; 1 where it and its error are 0."""
        with np.errstate(invalid="ignore", divide="ignore"):
            ratio = np.where((self.point == 0.0) & (self.se == 0.0), 0.0, np.abs(self.point) / self.se)
            return np.asarray(2.0 * stdtr(self.df, -ratio))


def clustered_means(
    errors: ArrayLike,
    units: Sequence[object] | None = None,
    *,
    level: float = 0.95,
    replicates: ArrayLike | None = None,
) -> Estimates:
    """Means over countries × questions.

    Args:
        errors: shape (S, C, Q), S methods or differences of methods; NaN where a cell is undefined.
        units: of each country the unit that is left out with it, as ``units_of`` says; each country by itself
            when absent. Where there is a single one, the interval tells of other questions alone.
        level: coverage of the intervals.
        replicates: shape (R, S, C, Q), the same after personas were drawn anew. Of their sampling is added
            what clusters cannot see: all of it in a single country, nothing where countries are many.

    Raises:
        StatisticsError: when shapes do not fit or a number is out of range.
    """
    return _clustered(_Means(), errors, units, level, replicates)


def clustered_slopes(
    errors: ArrayLike,
    index: ArrayLike,
    units: Sequence[object] | None = None,
    *,
    level: float = 0.95,
    replicates: ArrayLike | None = None,
) -> Estimates:
    """Slopes of countries' mean errors on an index, by least squares; a group difference with an index 0, 1.

    Args:
        errors: shape (S, C, Q); a country without a defined cell is passed over.
        index: shape (C,), known of every country.
        units: as in ``clustered_means``.
        level: coverage of the intervals.
        replicates: as in ``clustered_means``.

    Raises:
        StatisticsError: as ``clustered_means``.
    """
    return _clustered(_Slopes(np.asarray(index, dtype=np.float64)), errors, units, level, replicates)


def clustered_ratios(
    errors: ArrayLike,
    size: ArrayLike,
    units: Sequence[object] | None = None,
    *,
    level: float = 0.95,
    replicates: ArrayLike | None = None,
) -> Estimates:
    """Ratios of sums over countries × questions: Σ errors / Σ size, over the cells where both are defined.

    Args:
        errors: shape (S, C, Q).
        size: shape (C, Q), ≥ 0, alike for all S; a cell where it is NaN is passed over.
        units: as in ``clustered_means``.
        level: coverage of the intervals.
        replicates: as in ``clustered_means``.

    Raises:
        StatisticsError: as ``clustered_means``.
    """
    d = np.asarray(size, dtype=np.float64)
    e = np.where(np.isnan(d), np.nan, np.asarray(errors, dtype=np.float64))
    return _clustered(_Ratios(np.where(np.isnan(d), 0.0, d)), e, units, level, replicates)


def clustered_medians(
    values: ArrayLike,
    units: Sequence[object] | None = None,
    *,
    level: float = 0.95,
    replicates: ArrayLike | None = None,
) -> tuple[Array, Array, Array, Counts]:
    """Medians over countries × questions, with intervals of Woodruff's kind.

    The share of cells at or below the median is a mean, and has its standard error; where the shares ½ ± half
    that interval lie among the cells, there the median's interval ends (Woodruff 1952, Journal of the
    American Statistical Association 47(260)). A jackknife of the median itself would not do.

    Args:
        values: shape (S, C, Q); NaN where a cell is undefined.
        units: as in ``clustered_means``.
        level: coverage of the intervals.
        replicates: as in ``clustered_means``.

    Returns:
        Medians, lower and upper ends, and how many cells are defined; shapes (S,).

    Raises:
        StatisticsError: as ``clustered_means``.
    """
    v = np.asarray(values, dtype=np.float64)
    known = [np.sort(one[~np.isnan(one)]) for one in v]
    middle = np.array([np.median(one) if one.size else np.nan for one in known])

    def at_most(a: Array) -> Array:
        return np.where(np.isnan(a), np.nan, (a <= middle[:, None, None]).astype(np.float64))

    redrawn = None if replicates is None else at_most(np.asarray(replicates, dtype=np.float64))
    share = clustered_means(at_most(v), units, level=level, replicates=redrawn)
    ends = np.full((2, len(v)), np.nan)
    for s, (one, half) in enumerate(zip(known, share.half_width, strict=True)):
        if one.size and not np.isnan(half):
            ends[:, s] = np.quantile(one, np.clip([0.5 - half, 0.5 + half], 0.0, 1.0))
    return middle, ends[0], ends[1], share.cells


class _Statistic(Protocol):
    """A statistic that is linear in the errors."""

    def freedom(self, units: Counts, questions: Counts) -> Counts:
        """Degrees of freedom, of how many units and questions hold a defined cell; shapes (S,)."""
        ...

    def values(self, e: Array, by_country: Array, by_question: Array) -> Array:
        """Errors (S, C, Q), weights of countries (U, C) and of questions (U, Q) → values (U, S)."""
        ...

    def influence(self, e: Array) -> Array:
        """What each cell adds to the statistic's deviation, shape (S, C, Q); 0 where undefined."""
        ...


class _Means:
    """Means over defined cells."""

    def freedom(self, units: Counts, questions: Counts) -> Counts:
        fewer = np.minimum(units, questions)
        return np.where(fewer > 1, fewer, np.maximum(units, questions)) - 1

    def values(self, e: Array, by_country: Array, by_question: Array) -> Array:
        total, weight = _weighted_sums(e, by_country, by_question)
        return _divide(total, weight)

    def influence(self, e: Array) -> Array:
        known = ~np.isnan(e)
        n = known.sum(axis=(1, 2), keepdims=True)
        mean = _divide(np.where(known, e, 0.0).sum(axis=(1, 2), keepdims=True), n)
        return np.where(known, _divide(e - mean, np.broadcast_to(n, e.shape)), 0.0)


@dataclass(frozen=True, slots=True)
class _Ratios:
    """Sums of errors by sums of sizes."""

    size: Array

    def freedom(self, units: Counts, questions: Counts) -> Counts:
        return _Means().freedom(units, questions)

    def values(self, e: Array, by_country: Array, by_question: Array) -> Array:
        total, _ = _weighted_sums(e, by_country, by_question)
        size, _ = _weighted_sums(np.where(np.isnan(e), np.nan, self.size), by_country, by_question)
        return _divide(total, size)

    def influence(self, e: Array) -> Array:
        known = ~np.isnan(e)
        size = np.where(known, self.size, 0.0)
        whole = size.sum(axis=(1, 2), keepdims=True)
        ratio = _divide(np.where(known, e, 0.0).sum(axis=(1, 2), keepdims=True), whole)
        return np.where(known, _divide(e - ratio * size, np.broadcast_to(whole, e.shape)), 0.0)


@dataclass(frozen=True, slots=True)
class _Slopes:
    """Slopes of countries' means on an index."""

    index: Array

    def freedom(self, units: Counts, questions: Counts) -> Counts:
        return units - 2  # what questions have in common is no slope

    def values(self, e: Array, by_country: Array, by_question: Array) -> Array:
        known = ~np.isnan(e)
        per_country = np.moveaxis(np.where(known, e, 0.0) @ by_question.T, -1, 0)
        cells = np.moveaxis(known.astype(np.float64) @ by_question.T, -1, 0)
        weight = by_country[:, None, :] * (cells > 0)
        away = self._away(weight)
        means = _divide(per_country, cells, 0.0)
        return _divide((weight * away * means).sum(axis=-1), (weight * away**2).sum(axis=-1))

    def influence(self, e: Array) -> Array:
        known = ~np.isnan(e)
        n = known.sum(axis=2)
        there = (n > 0).astype(np.float64)
        away = self._away(there)
        means = _divide(np.where(known, e, 0.0).sum(axis=2), n, 0.0)
        spread = (there * away**2).sum(axis=1, keepdims=True)
        level = _divide((there * means).sum(axis=1, keepdims=True), there.sum(axis=1, keepdims=True))
        slope = _divide((there * away * means).sum(axis=1, keepdims=True), spread)
        pull = _divide(_divide(away, np.broadcast_to(spread, away.shape)), n)
        return np.where(known, pull[..., None] * (e - (level + slope * away)[..., None]), 0.0)

    def _away(self, weight: Array) -> Array:
        """The index from its weighted mean."""
        total = weight.sum(axis=-1, keepdims=True)
        return np.asarray(self.index - _divide((weight * self.index).sum(axis=-1, keepdims=True), total))


def _weighted_sums(e: Array, by_country: Array, by_question: Array) -> tuple[Array, Array]:
    """Σ_c Σ_q a_c b_q of the defined errors and of 1, shapes (U, S): matrix products, no loop."""
    known = ~np.isnan(e)
    both = np.stack([np.where(known, e, 0.0), known.astype(np.float64)])
    over_questions = both @ by_question.T
    total, weight = (over_questions * by_country.T).sum(axis=2)
    return total.T, weight.T


def _divide(a: ArrayLike, b: ArrayLike, otherwise: float = np.nan) -> Array:
    a, b = np.broadcast_arrays(np.asarray(a, dtype=np.float64), np.asarray(b, dtype=np.float64))
    return np.asarray(np.divide(a, b, out=np.full(a.shape, otherwise), where=b > 0))


def _clustered(
    statistic: _Statistic,
    errors: ArrayLike,
    units: Sequence[object] | None,
    level: float,
    replicates: ArrayLike | None,
) -> Estimates:
    e = np.asarray(errors, dtype=np.float64)
    names = list(range(e.shape[1])) if units is None and e.ndim == 3 else list(units or ())
    if e.ndim != 3 or 0 in e.shape or len(names) != e.shape[1] or not 0.0 < level < 1.0:
        raise StatisticsError(
            "errors (method, country, question), a unit for each country and a level in (0, 1) are needed, "
            f"got shape {e.shape}, {len(names)} units, {level=}"
        )
    found = _two_way(statistic, e, names, level)
    if replicates is None:
        return found
    r = np.asarray(replicates, dtype=np.float64)
    if r.ndim != 4 or r.shape[1:] != e.shape or len(r) < 2:
        raise StatisticsError(f"replicates must be two or more arrays of shape {e.shape}, got {r.shape}")
    unseen = _unseen(statistic, e, r, names)
    variance = found.se**2 + unseen
    # Satterthwaite (1946): of two variances the freedom is mostly that of the larger one.
    by_part = found.se**4 / found.df + unseen**2 / (len(r) - 1)
    df = np.divide(variance**2, by_part, out=found.df.copy(), where=by_part > 0)
    both = replace(found, se=np.sqrt(variance), df=df)
    # Of few units that may claim too much: with the personas' sampling nothing is surer than without.
    return replace(both, df=np.where(both.half_width < found.half_width, found.df, df))


def _two_way(statistic: _Statistic, e: Array, units: Sequence[object], level: float) -> Estimates:
    """Everything but the personas' sampling."""
    known = ~np.isnan(e)
    ones = np.ones((1, e.shape[1])), np.ones((1, e.shape[2]))
    point = statistic.values(e, *ones)[0]
    of_unit = np.array([[name == unit for name in units] for unit in dict.fromkeys(units)])
    by_unit, n_units = _left_out(statistic, e, point, of_unit, axis=1)
    by_question, n_questions = _left_out(statistic, e, point, np.eye(e.shape[2], dtype=bool), axis=2)
    both = (_in_units(statistic.influence(e), of_unit) ** 2).sum(axis=(1, 2))
    crossed = (n_units > 1) & (n_questions > 1)
    one_way = np.fmax(by_unit, by_question)
    variance = np.where(crossed, np.fmax(one_way, by_unit + by_question - both), one_way)
    df = statistic.freedom(n_units, n_questions).astype(np.float64)
    df[df < 1] = np.nan
    return Estimates(point, np.sqrt(variance), df, known.sum(axis=(1, 2)), level)


def _left_out(
    statistic: _Statistic, e: Array, point: Array, members: NDArray[np.bool_], axis: int
) -> tuple[Array, Counts]:
    """Jackknife variance over the units of one axis, and how many hold a defined cell; shapes (S,)."""
    kept = (~members).astype(np.float64)
    full = np.ones((len(members), e.shape[3 - axis]), dtype=np.float64)
    values = statistic.values(e, kept, full) if axis == 1 else statistic.values(e, full, kept)
    other = np.any(~np.isnan(e), axis=3 - axis)
    there = (other[:, None, :] & members).any(axis=2).T
    n = there.sum(axis=0)
    moved = np.where(there & ~np.isnan(values), values - point, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.where(n > 1, (n - 1) / n * (moved**2).sum(axis=0), np.nan), n


def _in_units(influence: Array, members: NDArray[np.bool_]) -> Array:
    """Influences summed within units: shape (S, units, Q)."""
    return np.asarray(members.astype(np.float64) @ influence)


def _unseen(statistic: _Statistic, e: Array, replicates: Array, units: Sequence[object]) -> Array:
    """The personas' sampling variance of a statistic, less what clusters already hold of it; shape (S,)."""
    known = ~np.isnan(replicates)
    count = known.sum(axis=0)
    centre = _divide(np.where(known, replicates, 0.0).sum(axis=0), count)
    # A cell that some draw of personas leaves without an estimate is passed over in that draw alone.
    moved = np.where(np.isnan(e), np.nan, np.where(known, replicates - centre, 0.0))
    ones = np.ones((1, e.shape[1])), np.ones((1, e.shape[2]))
    one_by_one = moved.reshape(-1, *e.shape[1:])  # every draw of every method as a method of its own
    values = statistic.values(one_by_one, *ones)[0].reshape(moved.shape[:2])
    of_unit = np.array([[name == unit for name in units] for unit in dict.fromkeys(units)])
    seen = _seen(statistic.influence(one_by_one), of_unit).reshape(moved.shape[:2]).mean(axis=0)
    return np.asarray(np.fmax(0.0, (values**2).sum(axis=0) / (len(moved) - 1) - seen))


def _seen(influence: Array, members: NDArray[np.bool_]) -> Array:
    """Two-way clustered variance by influences; a single unit or question holds nothing; shape (S,)."""
    blocks = _in_units(influence, members)
    units, questions = blocks.shape[1:]
    by_unit = (blocks.sum(axis=2) ** 2).sum(axis=1) * (units / (units - 1) if units > 1 else 0.0)
    by_question = (blocks.sum(axis=1) ** 2).sum(axis=1) * (
        questions / (questions - 1) if questions > 1 else 0.0
    )
    if units < 2 or questions < 2:
        return np.asarray(by_unit + by_question)
    return np.asarray(by_unit + by_question - (blocks**2).sum(axis=(1, 2)))
