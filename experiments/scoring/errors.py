"""Any score as an error: 0 is best, and lower is better."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from value_personas.experiments.scoring.registry import SCORES

__all__ = ["as_error"]


def as_error(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """Turn values of a score so that 0 is best and lower is better.

    Args:
        name: of ``SCORES``. What is better the higher is measured from its best, in units of it; what has a
            target, by its distance from it; of a ratio that is the absolute logarithm, in which 2 and ½ are
            equally wrong.
        values: of any shape.

    Returns:
        The same shape; infinite for a ratio of 0, NaN where a value is.
    """
    v, one = np.asarray(values, dtype=np.float64), SCORES[name]
    if name == "variance_ratio":
        with np.errstate(divide="ignore"):
            return np.asarray(np.abs(np.log(v)))
    if one.better == "higher":
        return np.asarray((one.best - v) / abs(one.best))
    return np.asarray(np.abs(v - one.best))
