"""The human sample's own error: what a perfect prediction would still be charged."""

import numpy as np
from numpy.typing import ArrayLike

from value_personas.experiments.scoring import SCORES, score_cells
from value_personas.signatures import StatisticsError


def noise_floor(human: ArrayLike, resamples: ArrayLike, scores: ArrayLike) -> dict[str, float]:
    """The expected score of one resample of a cell's respondents against the sample itself.

    Where respondents were drawn one by one though the survey was taken in sampling points, it varies more
    than that. A floor is no part of an error that could be taken off, but for RPS: what lies beyond noise is
    √max(e² − f², 0) of squares.

    For split halves give each half as ``resamples`` and the other as ``human``, both of shape (B, K).

    Args:
        human: shape (K,) or (B, K).
        resamples: shape (B, K), distributions of respondents drawn anew with their weights.
        scores: shape (K,).

    Returns:
        Score name → mean over resamples (of the variance ratio, the median); NaN where no resample
        defines it.
    """
    drawn = np.asarray(resamples, dtype=np.float64)
    if drawn.ndim != 2 or not len(drawn):
        raise StatisticsError(f"resamples must have shape (B, K) with B ≥ 1, got {drawn.shape}")
    values = score_cells(np.broadcast_to(np.asarray(human, dtype=np.float64), drawn.shape), drawn, scores)
    return {name: SCORES[name].average(column) for name, column in values.items()}
