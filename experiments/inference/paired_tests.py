"""Paired tests of two methods, and Holm's correction over several."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from value_personas.signatures import Array, StatisticsError

EXACT_LIMIT = 16
"""Up to this many units all 2ⁿ sign patterns are tried."""

_EXACT_RANKS = 50
"""Up to this many units SciPy takes W's own law, if none are tied; so many ways a float counts exactly."""


def unit_totals(differences: ArrayLike, units: Sequence[object]) -> tuple[Array, Array]:
    """The summed and the mean difference of each independent unit.

    Cells of one country share its people and its personas, so a test that takes each cell for an
    observation finds far too much. The unit is the country, or its cultural zone.

    Args:
        differences: shape (countries, questions), NaN where undefined.
        units: for each country its unit.

    Returns:
        Totals and means, one each for every unit that has a defined cell. Totals over units add up to what
        the mean over cells is made of.
    """
    d = np.asarray(differences, dtype=np.float64)
    totals, means = [], []
    for unit in dict.fromkeys(units):
        cells = d[[i for i, name in enumerate(units) if name == unit]]
        known = cells[~np.isnan(cells)]
        if known.size:
            totals.append(float(known.sum()))
            means.append(float(known.mean()))
    return np.array(totals), np.array(means)


def wilcoxon_p(differences: ArrayLike) -> float:
    """Two-sided p-value of Wilcoxon's signed-rank test (1945) that differences are symmetric about 0.

    Args:
        differences: shape (units,), one mean difference a unit; zeros are dropped, as Wilcoxon did.

    Returns:
        The p-value; NaN with no unit, 1 where every difference is 0.
    """
    d = _known(differences)
    if d.size == 0:
        return float("nan")
    if not d.any():
        return 1.0
    d = d[d != 0.0]
    ranked = np.abs(d).argsort()
    if d.size <= _EXACT_RANKS and (np.diff(np.abs(d[ranked])) > 0.0).all():
        return _exact_p(int((np.flatnonzero(d[ranked] > 0.0) + 1).sum()), d.size)
    from scipy.stats import wilcoxon  # a third of a second of start-up, which ties and many units alone need

    return float(wilcoxon(d).pvalue)


def _exact_p(rank_sum: int, n: int) -> float:
    """Twice the smaller tail of W, the sum of the ranks 1 … n of which each counts or not, evenly."""
    ways = np.zeros(n * (n + 1) // 2 + 1)
    ways[0] = 1.0
    for rank in range(1, n + 1):
        ways[rank:] += ways[:-rank].copy()
    tail = ways[: min(rank_sum, len(ways) - 1 - rank_sum) + 1].sum()
    return float(min(2.0 * tail / 2.0**n, 1.0))


def sign_flip_p(differences: ArrayLike, *, draws: int = 20_000, seed: int = 0) -> float:
    """Two-sided p-value of the sign-flip permutation test that differences sum to 0, for these questions.

    Under the hypothesis of no difference each unit's sign is arbitrary. Questions are taken as they are:
    of others it says nothing. All patterns are tried for up to 16
    units; beyond, ``draws`` random ones and the observed one, (b + 1)/(draws + 1) (Phipson & Smyth 2010).

    Args:
        differences: shape (units,), each unit's total, so that the statistic is the mean over cells.
        draws: random patterns.
        seed: of the patterns.

    Returns:
        The p-value; NaN with no unit.
    """
    d = _known(differences)
    if d.size == 0:
        return float("nan")
    if d.size <= EXACT_LIMIT:
        patterns = (np.arange(2**d.size)[:, None] >> np.arange(d.size)) & 1
        flipped, extra = np.abs((1.0 - 2.0 * patterns) @ d), 0
    else:
        rng = np.random.default_rng(seed)
        flipped, extra = np.abs(rng.choice([-1.0, 1.0], size=(draws, d.size)) @ d), 1
    # Equal sums may differ in their last digit by the order in which they were added.
    beyond = int((flipped >= abs(d.sum()) - 1e-12 * np.abs(d).sum()).sum())
    return (beyond + extra) / (len(flipped) + extra)


def least_sign_flip_p(units: int, *, draws: int = 20_000) -> float:
    """The smallest p-value that ``sign_flip_p`` can give of so many units, however large the differences."""
    return 2.0 / 2**units if units <= EXACT_LIMIT else 1.0 / (draws + 1)


def holm(p_values: ArrayLike) -> Array:
    """Holm's step-down adjusted p-values (1979), which keep the family-wise error whatever the dependence.

    Args:
        p_values: shape (tests,), in [0, 1]; NaN for a test that could not be made, which does not count.

    Returns:
        Adjusted p-values in the given order.

    Raises:
        StatisticsError: when a value lies outside [0, 1].
    """
    p = np.asarray(p_values, dtype=np.float64)
    made = np.flatnonzero(~np.isnan(p))
    if ((p[made] < 0.0) | (p[made] > 1.0)).any():
        raise StatisticsError(f"p-values must lie in [0, 1], got {p.tolist()}")
    order = made[np.argsort(p[made], kind="stable")]
    steps = p[order] * np.arange(len(order), 0, -1)
    out = np.full(p.shape, np.nan)
    out[order] = np.minimum(np.maximum.accumulate(steps), 1.0)
    return out


def _known(differences: ArrayLike) -> Array:
    d = np.asarray(differences, dtype=np.float64).ravel()
    return np.asarray(d[~np.isnan(d)])
