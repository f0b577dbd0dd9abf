"""Kullback–Leibler divergence after stated smoothing."""

import numpy as np

from value_personas.experiments.scoring.base import Score
from value_personas.experiments.scoring.cells import Cells
from value_personas.signatures import Array

KL_SMOOTHING = 1e-3
"""Added to every predicted probability before renormalising, so that no cell is infinite."""


def kl_divergence(cells: Cells) -> Array:
    """KL(h ‖ q̃) = Σ_k h_k log2(h_k / q̃_k), q̃_k = (q_k + ε) / (1 + Kε) with ε = 0.001; in bits.

    Kullback & Leibler 1951, Annals of Mathematical Statistics 22(1). Range [0, log2((1 + Kε)/ε)], lower is
    better. Only the prediction is smoothed: a human zero costs nothing by definition. The figure depends on
    ε wherever a prediction has zeros, so it is fit for comparing methods, not papers.

    Args:
        cells: distributions of shape (..., K).

    Returns:
        Shape (...).
    """
    smooth = (cells.model + KL_SMOOTHING) / (1.0 + cells.count * KL_SMOOTHING)[..., None]
    ratio = np.divide(cells.human, smooth, out=np.ones_like(cells.human), where=cells.human != 0.0)
    return np.asarray((cells.human * np.log2(ratio)).sum(axis=-1))


KL_DIVERGENCE = Score(
    "KL divergence (bits)",
    "What is lost by taking the prediction for people’s answers, in bits: KL(h‖q̃), "
    "q̃ = (q + .001) / (1 + .001 K).",
    kl_divergence,
    of_shape=True,
)
