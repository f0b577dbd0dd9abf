"""Signed error of the mean."""

import numpy as np

from value_personas.experiments.scoring.base import Score
from value_personas.experiments.scoring.cells import Cells
from value_personas.signatures import Array


def signed_bias(cells: Cells) -> Array:
    """(E_q[r] − E_h[r]) / |r_K − r_1|: positive where the prediction scores too high.

    Range [−1, 1], best at 0. The sign follows the stored scores, ascending or not.

    Args:
        cells: distributions of shape (..., K).

    Returns:
        Shape (...).
    """
    return np.asarray(cells.bias / cells.span)


SIGNED_BIAS = Score(
    "signed bias",
    "Whether the predicted mean is too high or too low: (E_q[r] − E_h[r]) / |r_K − r_1|.",
    signed_bias,
    better="target",
    possible=(-1.0, 1.0),
)
