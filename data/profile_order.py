"""An order of respondents in which neighbours have similar profiles, for even draws."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["spread_order"]

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Below this many respondents a further split cannot be told from noise.
_SMALLEST_CELL = 4


def spread_order(values: Floats, share: Floats) -> Integers:
    """Order respondents by halving the profile space along its main axis, again and again.

    Each cell is split at its weighted median along its own first principal component and its halves are laid
    end to end; an even walk along the order then visits all regions in proportion to their weight. The order
    does not depend on the random start, so the draw stays unbiased.

    Args:
        values: shape (n, items), NaN where missing.
        share: shape (n,), > 0, summing to 1.

    Returns:
        Shape (n,), a permutation.
    """
    order = _halve(_standardised(values, share), share, np.arange(len(share), dtype=np.int64), depth=0)
    return np.concatenate(order)


def _standardised(values: Floats, share: Floats) -> Floats:
    """Unit variance under the weights; missing answers at the mean (they only decide the order)."""
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    total = np.maximum(share @ known, np.finfo(float).tiny)
    mean = (share @ filled) / total
    centred = np.where(known, values - mean, 0.0)
    deviation = np.sqrt(share @ centred**2 / total)
    return centred / np.where(deviation > 0, deviation, 1.0)


def _halve(points: Floats, share: Floats, rows: Integers, depth: int) -> list[Integers]:
    if len(rows) <= _SMALLEST_CELL:
        return [rows]
    along = _main_axis(points[rows], share[rows])
    sorted_rows = rows[np.lexsort((rows, along))]
    if along.max() - along.min() < 1e-12:  # all alike: any order serves
        return [sorted_rows]
    cumulated = np.cumsum(share[sorted_rows])
    middle = int(np.searchsorted(cumulated, cumulated[-1] / 2)) + 1
    middle = min(max(middle, 1), len(rows) - 1)
    low, high = sorted_rows[:middle], sorted_rows[middle:]
    return _halve(points, share, low, depth + 1) + _halve(points, share, high, depth + 1)


def _main_axis(points: Floats, share: Floats) -> Floats:
    """Positions along the first principal component of a cell; its sign is fixed so that cells line up."""
    centred = points - np.average(points, axis=0, weights=share)
    _, vectors = np.linalg.eigh((centred * share[:, None]).T @ centred)
    axis = vectors[:, -1]
    # The sum is arbitrary but the same for neighbouring cells: their order then runs the same way.
    return np.asarray(centred @ (axis if axis.sum() >= 0 else -axis))
