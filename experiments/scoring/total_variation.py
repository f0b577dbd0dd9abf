"""Total variation distance."""

import numpy as np

from value_personas.experiments.scoring.base import Score
from value_personas.experiments.scoring.cells import Cells
from value_personas.signatures import Array


def total_variation(cells: Cells) -> Array:
    """½ Σ_k |q_k − h_k|: the share of answers that would have to change; blind to the options' order.

    Range [0, 1], lower is better.

    Args:
        cells: distributions of shape (..., K).

    Returns:
        Shape (...).
    """
    return np.asarray(np.abs(cells.model - cells.human).sum(axis=-1) / 2.0)


TOTAL_VARIATION = Score(
    "total variation",
    "The share of answers that would have to change, whatever the options’ order: ½ Σ_k |q_k − h_k|.",
    total_variation,
    headline=True,
    possible=(0.0, 1.0),
)
