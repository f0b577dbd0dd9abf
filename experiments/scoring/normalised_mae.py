"""Normalised absolute error of the mean."""

import numpy as np

from value_personas.experiments.scoring.cells import Array, Cells

__all__ = ["normalised_mae"]


def normalised_mae(cells: Cells) -> Array:
    """|E_q[r] − E_h[r]| / |r_K − r_1|: the headline score; its mean over cells is the normalised MAE.

    Range [0, 1], lower is better. Unchanged by any mean-preserving calibration.

    Args:
        cells: distributions of shape (..., K).

    Returns:
        Shape (...).
    """
    return np.asarray(np.abs(cells.bias) / cells.span)
