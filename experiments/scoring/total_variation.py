"""Total variation distance."""

import numpy as np

from value_personas.experiments.scoring.cells import Array, Cells

__all__ = ["total_variation"]


def total_variation(cells: Cells) -> Array:
    """½ Σ_k |q_k − h_k|: the share of answers that would have to change; blind to the options' order.

    Range [0, 1], lower is better.

    Args:
        cells: distributions of shape (..., K).

    Returns:
        Shape (...).
    """
    return np.asarray(np.abs(cells.model - cells.human).sum(axis=-1) / 2.0)
