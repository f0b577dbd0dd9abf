"""Ordinal Wasserstein-1 distance."""

import numpy as np

from value_personas.experiments.scoring.base import Score
from value_personas.experiments.scoring.cells import Cells
from value_personas.signatures import Array


def wasserstein(cells: Cells) -> Array:
    """Σ_k |F_q(k) − F_h(k)| · |r_{k+1} − r_k| / |r_K − r_1|: the earth mover's distance on the scale.

    Range [0, 1], lower is better. Never below the normalised error of the mean; the difference is the part
    that is due to shape. (Vallender 1974, Theory of Probability and its Applications 18(4), for W1 as the
    area between two distribution functions.) ``scipy.stats.wasserstein_distance(r, r, q, h)`` divided by the
    range agrees; called on the two probability vectors themselves, as some published code does, it does not.

    Args:
        cells: distributions of shape (..., K).

    Returns:
        Shape (...).
    """
    return np.asarray((np.abs(cells.cumulative_difference) * cells.steps).sum(axis=-1) / cells.span)


WASSERSTEIN = Score(
    "Wasserstein",
    "How far answers must be moved along the scale to become people’s, as a share of its width: "
    "Σ_k |F_q(k) − F_h(k)| · |r_{k+1} − r_k| / |r_K − r_1|.",
    wasserstein,
    unit="share of the scale",
    headline=True,
    leading=True,
    of_shape=True,
    possible=(0.0, 1.0),
)
