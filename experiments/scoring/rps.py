"""Ranked probability score against a human distribution."""

import numpy as np

from value_personas.experiments.scoring.base import Score
from value_personas.experiments.scoring.cells import Cells
from value_personas.signatures import Array


def rps(cells: Cells) -> Array:
    """Σ_k (F_q(k) − F_h(k))² / (K − 1): the part of the ranked probability score that a forecast can lower.

    The mean score of q over the human answers themselves (Epstein 1969, J. Applied Meteorology 8) is this
    plus Σ F_h(1 − F_h)/(K − 1), the same for every method. Range [0, 1], lower is better; positions, not
    scores, count.

    Args:
        cells: distributions of shape (..., K).

    Returns:
        Shape (...).
    """
    return np.asarray((cells.cumulative_difference**2).sum(axis=-1) / (cells.count - 1))


RPS = Score(
    "RPS",
    "The part of the ranked probability score that a forecast can lower: Σ_k (F_q(k) − F_h(k))² / (K − 1).",
    rps,
    headline=True,
    possible=(0.0, 1.0),
)
