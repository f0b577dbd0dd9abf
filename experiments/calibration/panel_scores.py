"""The scores of estimates that were made from stored answers."""

import numpy as np
from numpy.typing import NDArray

from experiments.calibration.panel import StoredPanel
from experiments.scoring import SCORES, Cells

__all__ = ["panel_errors"]

Array = NDArray[np.float64]


def panel_errors(panel: StoredPanel, estimate: Array, score: str) -> Array:
    """One score of every cell.

    Args:
        panel: holds the human answers.
        estimate: shape (..., C, M, K).
        score: its name in ``SCORES``.

    Returns:
        Shape (..., C, M); NaN where undefined.
    """
    human = np.broadcast_to(panel.human, estimate.shape)
    return SCORES[score].kernel(Cells.check(human, estimate, panel.scores, panel.mask))
