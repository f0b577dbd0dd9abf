"""How alike two groups of persons of one country are: in correlations, coefficients and contrasts."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from value_personas.experiments.inference import interval_by_leaving_out
from value_personas.signatures import Array, mean_of_known

_SIGNIFICANT = 1.96
_NOUGHT = 1e-12
"""Variance, of shares of a scale, that is rounding."""


@dataclass(frozen=True, slots=True)
class Side:
    """One side of a comparison in one country, of M questions.

    Attributes:
        correlations: shape (M, M), NaN where undefined.
        drawn: the same of single answers in place of persons' means; of people the same matrix.
        coefficients: shape (P, M), standardised; NaN where undefined.
        t: shape (P, M), by their standard errors.
        contrasts: shape (G, M), differences in means of two groups; NaN where one is empty.
    """

    correlations: Array
    drawn: Array
    coefficients: Array
    t: Array
    contrasts: Array


@dataclass(frozen=True, slots=True)
class Values:
    """A measure's value in each country, whole and without each question; shapes (C,) and (C, M)."""

    whole: Array
    without: Array


def side_of(x: Array, w: Array, z: Array, groups: Array, within: Array | None = None) -> Side:
    """Correlations, regressions and contrasts of n persons' answers to M questions."""
    w = w / w.mean()
    known = (~np.isnan(x)).astype(np.float64)
    y = np.where(known > 0, x, 0.0)
    kw, yw = known * w[:, None], y * w[:, None]
    n = kw.T @ known
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (yw.T @ known) / n  # of question i where j is known too
        covariance = (yw.T @ y) / n - mean * mean.T
        variance = np.maximum(((y * yw).T @ known) / n - mean**2, 0.0)
        varied = np.where(variance > _NOUGHT, variance, np.nan)  # all alike hang together with nothing
        correlations = covariance / np.sqrt(varied * varied.T)
        drawn = correlations
        if within is not None:
            added = mean_of_known(within)[:, None]
            drawn = covariance / np.sqrt((variance + added) * (variance.T + added.T))
            np.fill_diagonal(drawn, 1.0)
    coefficients, t = _regressions(y, kw, z)
    return Side(correlations, drawn, coefficients, t, _contrasts(y, kw, groups))


def _regressions(y: Array, kw: Array, z: Array) -> tuple[Array, Array]:
    """Least squares of each standardised answer on all predictors at once; shapes (P, M)."""
    total = kw.sum(axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = (kw * y).sum(axis=0) / total
        spread = np.sqrt((kw * (y - mean) ** 2).sum(axis=0) / total)
        u = np.where((kw > 0) & (spread**2 > _NOUGHT), (y - mean) / spread, 0.0)
    design = np.concatenate([np.ones((len(z), 1)), z], axis=1)
    p = design.shape[1]
    products = (design[:, :, None] * design[:, None, :]).reshape(len(z), p * p)
    gram = (kw.T @ products).reshape(-1, p, p) + 1e-9 * np.eye(p)
    right = (kw * u).T @ design
    solved = np.linalg.solve(gram, right[..., None])[..., 0]
    residual = (kw * u * u).sum(axis=0) - (solved * right).sum(axis=1)
    freedom = np.maximum(total - p, 1.0)
    inverse = np.linalg.inv(gram)
    with np.errstate(invalid="ignore", divide="ignore"):
        errors = np.sqrt(
            np.maximum(residual / freedom, 0.0)[:, None] * np.diagonal(inverse, axis1=1, axis2=2)
        )
        t = solved / errors
    usable = (total > 2 * p) & (spread**2 > _NOUGHT)
    varied = z.std(axis=0) > 1e-9
    keep = usable[None, :] & varied[:, None]
    return np.where(keep, solved[:, 1:].T, np.nan), np.where(keep, t[:, 1:].T, np.nan)


def _contrasts(y: Array, kw: Array, groups: Array) -> Array:
    """Differences in means between those above and those below, shape (G, M)."""
    sides = np.stack([groups == 1.0, groups == 0.0]).astype(np.float64)
    with np.errstate(invalid="ignore", divide="ignore"):
        above, below = (sides @ (kw * y)) / (sides @ kw)
    return np.asarray(above - below)


def compared(people: Side, others: Side) -> dict[str, Values]:
    """The measures that hold one side against the other."""
    m = people.correlations.shape[0]
    i, j = np.triu_indices(m, 1)
    pairs = np.zeros((len(i), m), dtype=bool)
    pairs[np.arange(len(i)), i] = pairs[np.arange(len(i)), j] = True
    significant = np.abs(people.t) > _SIGNIFICANT
    _, of = np.nonzero(significant)
    columns = np.eye(m, dtype=bool)
    coefficients = people.coefficients[significant], others.coefficients[significant]
    other_sign = np.where(np.isnan(coefficients[1]), np.nan, coefficients[0] * coefficients[1] < 0)
    contrasts = people.contrasts.ravel(), others.contrasts.ravel()
    return {
        "pattern": _correlated(people.correlations[i, j], others.correlations[i, j], pairs),
        "coefficients": _correlated(*coefficients, columns[of]),
        "flipped": mean_without(other_sign, columns[of]),
        "contrasts": _correlated(*contrasts, np.tile(columns, (len(people.contrasts), 1))),
    }


def _correlated(a: Array, b: Array, touches: NDArray[np.bool_]) -> Values:
    """A correlation over n entries, and without those that touch each question; touches: shape (n, M)."""
    known = ~(np.isnan(a) | np.isnan(b))
    a, b, touches = a[known], b[known], touches[known]
    terms = np.stack([np.ones_like(a), a, b, a * a, b * b, a * b])
    sums = terms.sum(axis=1)
    without = sums[:, None] - terms @ touches

    def r(s: Array) -> Array:
        n, sa, sb, saa, sbb, sab = s
        with np.errstate(invalid="ignore", divide="ignore"):
            value = (sab - sa * sb / n) / np.sqrt((saa - sa**2 / n) * (sbb - sb**2 / n))
        return np.where((n > 2) & np.isfinite(value), value, np.nan)

    return Values(r(sums), r(without))


def mean_without(a: Array, touches: NDArray[np.bool_]) -> Values:
    """A mean over n entries, and without those that touch each question."""
    known = ~np.isnan(a)
    terms = np.stack([np.ones(known.sum()), a[known]])
    sums = terms.sum(axis=1)
    without = sums[:, None] - terms @ touches[known]
    with np.errstate(invalid="ignore", divide="ignore"):
        return Values(sums[1] / sums[0], without[1] / without[0])


def first_component(correlations: Array) -> float:
    """The first eigenvalue's share; pairs that are not known count as uncorrelated."""
    known = ~np.isnan(np.diagonal(correlations))
    matrix = np.nan_to_num(correlations[np.ix_(known, known)])
    return float(np.linalg.eigvalsh(matrix)[-1] / len(matrix)) if len(matrix) else float("nan")


def first_components(correlations: Array) -> Array:
    """The same without each question, shape (M,)."""
    m = len(correlations)
    matrix = np.nan_to_num(correlations)
    known = ~np.isnan(np.diagonal(correlations))
    kept = (~np.eye(m, dtype=bool)) & known
    stack = matrix * kept[:, :, None] * kept[:, None, :]
    return np.asarray(np.linalg.eigvalsh(stack)[:, -1] / np.maximum(kept.sum(axis=1), 1))


def interval_of(values: Sequence[Values], units: Sequence[str], level: float) -> tuple[float, float, float]:
    """The mean over countries, and its error by leaving out units and questions in turn."""
    whole = np.array([float(one.whole) for one in values])
    known = ~np.isnan(whole)
    if not known.any():
        return float("nan"), float("nan"), float("nan")
    point = float(whole[known].mean())
    names = [unit for unit, there in zip(units, known, strict=True) if there]
    kept = [~np.array([n == one for n in names]) for one in dict.fromkeys(names)]
    by_unit = [whole[known][k].mean() for k in kept if k.any()]
    without = np.array([one.without for one, there in zip(values, known, strict=True) if there])
    return point, *interval_by_leaving_out(point, by_unit, mean_of_known(without), level=level)
