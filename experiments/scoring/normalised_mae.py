"""Normalised absolute error of the mean."""

import numpy as np

from value_personas.experiments.scoring.base import Score
from value_personas.experiments.scoring.cells import Cells
from value_personas.signatures import Array


def normalised_mae(cells: Cells) -> Array:
    """|E_q[r] − E_h[r]| / |r_K − r_1|: the headline score; its mean over cells is the normalised MAE.

    Range [0, 1], lower is better. Unchanged by any mean-preserving calibration.

    Args:
        cells: distributions of shape (..., K).

    Returns:
        Shape (...).
    """
    return np.asarray(np.abs(cells.bias) / cells.span)


NORMALISED_MAE = Score(
    "MAE of means",
    "How far the predicted mean lies from people’s, as a share of the scale: "
    "|E_q[r] − E_h[r]| / |r_K − r_1|.",
    normalised_mae,
    unit="share of the scale",
    headline=True,
    leading=True,
    possible=(0.0, 1.0),
)
