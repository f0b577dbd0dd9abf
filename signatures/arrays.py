"""The kinds of arrays that figures and places are kept in, and means over what is known of them."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Integers = NDArray[np.int64]


def quotient(total: Array, by: Array) -> Array:
    """``total / by``, of whatever shapes fit; NaN where what divides is not above 0."""
    empty = np.full(np.broadcast_shapes(np.shape(total), np.shape(by)), np.nan)
    return np.asarray(np.divide(total, by, out=empty, where=np.asarray(by) > 0))


def mean_of_known(values: Array, axis: int = 0) -> Array:
    """Means along an axis, the first unless said, over what is not NaN; NaN where nothing is known."""
    known = ~np.isnan(values)
    return quotient(np.where(known, values, 0.0).sum(axis=axis), known.sum(axis=axis))
