"""OpinionQA's alignment."""

import numpy as np

from value_personas.experiments.scoring.base import Score
from value_personas.experiments.scoring.cells import Cells
from value_personas.signatures import Array


def opinionqa_alignment(cells: Cells) -> Array:
    """1 − W1(q, h) / (K − 1), with the options at 1 … K (Santurkar et al. 2023, arXiv 2303.17548).

    Range [0, 1], higher is better. On equally spaced scores it is 1 − the normalised Wasserstein distance.

    Args:
        cells: distributions of shape (..., K).

    Returns:
        Shape (...).
    """
    return np.asarray(1.0 - np.abs(cells.cumulative_difference).sum(axis=-1) / (cells.count - 1))


OPINIONQA_ALIGNMENT = Score(
    "OpinionQA alignment",
    "How near the distributions are with options at 1 … K, from 0 to 1: 1 − W1(q, h) / (K − 1).",
    opinionqa_alignment,
    best=1.0,
    better="higher",
    possible=(0.0, 1.0),
)
