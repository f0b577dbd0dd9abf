"""Missing answers to value items filled in from the nearest respondents of the country."""

import numpy as np
import pandas as pd

from value_personas.signatures import Array, quotient

_AT_ONCE = 4_000_000
"""Distances that lie in memory at once."""

_DIGITS = 9
"""Of a distance; two that differ by less are as near."""


def filled_in(frame: pd.DataFrame, country: "pd.Series[str]") -> pd.DataFrame:
    """A hot deck: each missing answer is that of the nearest respondent of the country who gave one.

    Near is the mean squared difference over the items that both answered, each at unit variance in the
    country; the earlier respondent is taken of two as near. What nobody answered stays missing.

    Args:
        frame: one row a respondent, one column an item, NaN where missing.
        country: the respondents' countries, same index.
    """
    out = frame.copy()
    for _, rows in frame.groupby(country, sort=False):
        out.loc[rows.index] = _of_country(rows.to_numpy(np.float64))
    return out


def _of_country(values: Array) -> Array:
    known = ~np.isnan(values)
    count = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, values, 0.0).sum(axis=0) / count
    deviation = np.sqrt(np.where(known, (values - mean) ** 2, 0.0).sum(axis=0) / count)
    z = np.where(known, (values - mean) / np.where(deviation > 0, deviation, 1.0), 0.0)
    filled = values.copy()
    incomplete = np.flatnonzero(~known.all(axis=1))
    ones, squares = known.astype(np.float64), z**2
    for rows in np.array_split(incomplete, max(1, incomplete.size * len(values) // _AT_ONCE)):
        # Σ over items that both answered of (z − z')², in sums of products; z is 0 where missing.
        apart = ones[rows] @ squares.T - 2.0 * z[rows] @ z.T + squares[rows] @ ones.T
        shared = ones[rows] @ ones.T
        distance = np.where(shared > 0, (apart / np.maximum(shared, 1.0)).round(_DIGITS), np.inf)
        for item in np.flatnonzero(~known[rows].all(axis=0)):
            lacking = ~known[rows, item]
            near = np.where(known[:, item], distance[lacking], np.inf)
            donor = near.argmin(axis=1)
            there = np.isfinite(near[np.arange(len(donor)), donor])
            filled[rows[lacking][there], item] = values[donor[there], item]
    return filled


def item_shifts(
    frame: pd.DataFrame, filled: pd.DataFrame, country: "pd.Series[str]", weight: "pd.Series[float]"
) -> pd.DataFrame:
    """How far filling in moves item means, in stored codes: one row a country, one column an item."""
    rows = {}
    for code, index in frame.groupby(country, sort=False).groups.items():
        w = np.asarray(weight.loc[index], dtype=np.float64)[:, None]
        before, after = (_mean(table.loc[index].to_numpy(np.float64), w) for table in (frame, filled))
        rows[str(code)] = after - before
    return pd.DataFrame.from_dict(rows, orient="index", columns=[str(item) for item in frame.columns])


def _mean(values: Array, weight: Array) -> Array:
    known = ~np.isnan(values)
    weighted = np.where(known, values, 0.0) * weight
    return quotient(weighted.sum(axis=0), (weight * known).sum(axis=0))
