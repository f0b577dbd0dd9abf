"""Who was interviewed at one place: sampling points (or interviewers), which a survey draws as a whole."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from value_personas.signatures import Integers

_TOLD = 0.5
"""The share of respondents whose point must be told, for it to be drawn."""


def read_points(values: "pd.Series[float] | pd.Series[str]", wave: Integers) -> Integers:
    """A number for each point of each wave.

    Args:
        values: shape (n,), numbers or names as stored, negative ones and blanks where none is told.
        wave: shape (n,), which wave each respondent is of.

    Returns:
        Shape (n,), −1 where nothing is told.
    """
    names = values.astype("string").fillna("").str.strip()
    told = ((names != "") & ~(pd.to_numeric(values, errors="coerce") < 0)).to_numpy(np.bool_)
    points, _ = pd.factorize(names)
    numbers, _ = pd.factorize(points * (int(wave.max(initial=0)) + 2) + wave + 1)
    return np.where(told, numbers, -1).astype(np.int64)


def points_of(points: Integers) -> Integers | None:
    """Number those of one country anew, from 0; who is of none is a point alone.

    Args:
        points: shape (m,), −1 where none is told.

    Returns:
        Shape (m,); None where fewer than two points, or those of under half of the respondents, are told.
    """
    known = points >= 0
    if known.sum() < _TOLD * len(points) or len(np.unique(points[known])) < 2:
        return None
    apart = np.where(known, points, points.max() + 1 + np.arange(len(points)))
    return np.unique(apart, return_inverse=True)[1].ravel().astype(np.int64)


def sampling_notes(
    points: Integers, country: Integers, names: Sequence[str], columns: Sequence[str]
) -> list[str]:
    """Say where respondents are drawn by points, and how many there are.

    Args:
        points: shape (n,).
        country: shape (n,), the place of each respondent's country in ``names``.
        names: C codes.
        columns: that tell the points; nothing is said without.
    """
    if not columns:
        return []
    found = [points_of(points[country == c]) for c in range(len(names))]
    sizes = [int(one.max()) + 1 for one in found if one is not None]
    by_one = [name for name, one in zip(names, found, strict=True) if one is None]
    if not sizes:
        return [f"{', '.join(columns)} tells no sampling points: noise floors draw respondents one by one."]
    some = ", ".join(by_one[:8]) + (" …" if len(by_one) > 8 else "")
    return [
        "Noise floors, split halves and worth in people draw sampling points as a whole "
        f"({', '.join(columns)}; {_count(sizes)})"
        + (f"; respondents one by one in {some}." if by_one else ".")
    ]


def _count(sizes: list[int]) -> str:
    """How many points there are, of one country or of several."""
    if len(sizes) == 1:
        return f"{sizes[0]} of them"
    return f"{int(np.median(sizes))} of them in the middle one of {len(sizes)} countries"
