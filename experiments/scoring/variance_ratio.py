"""Spread of the prediction against the human spread."""

import math

import numpy as np

from value_personas.experiments.scoring.base import Score
from value_personas.experiments.scoring.cells import Cells
from value_personas.signatures import Array


def variance_ratio(cells: Cells) -> Array:
    """Var_q[r] / Var_h[r]: below 1 the prediction is narrower than the people.

    Range [0, ∞), right at 1. NaN where every human gave the same answer.

    Args:
        cells: distributions of shape (..., K).

    Returns:
        Shape (...).
    """
    human = cells.variance(cells.human)
    ratio = np.full(human.shape, np.nan)
    return np.asarray(np.divide(cells.variance(cells.model), human, out=ratio, where=human > 0.0))


VARIANCE_RATIO = Score(
    "variance ratio",
    "Whether answers are spread as people’s are; below 1 they are too much alike: Var_q[r] / Var_h[r]; of "
    "many cells, the median.",
    variance_ratio,
    best=1.0,
    better="target",
    mean="median",
    unit="of people’s variance",
    headline=True,
    leading=True,
    of_shape=True,
    possible=(0.0, math.inf),
)
