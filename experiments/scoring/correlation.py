"""Correlation across countries, question by question."""

import numpy as np
from numpy.typing import NDArray

from value_personas.experiments.scoring.cells import Array

__all__ = ["pearson", "spearman"]


def pearson(human_mean: Array, model_mean: Array) -> Array:
    """Pearson's correlation of predicted and human country means, for each question.

    Range [−1, 1], higher is better.

    Args:
        human_mean: shape (countries, questions).
        model_mean: the same, predicted.

    Returns:
        Shape (questions,); NaN where fewer than three countries have both means, or either is constant.
    """
    both = ~np.isnan(human_mean) & ~np.isnan(model_mean)
    h, q = _centred(human_mean, both), _centred(model_mean, both)
    norm = np.sqrt((h**2).sum(axis=0) * (q**2).sum(axis=0))
    enough = (both.sum(axis=0) >= 3) & (norm > 1e-12)
    out = np.full(norm.shape, np.nan)
    return np.asarray(np.divide((h * q).sum(axis=0), norm, out=out, where=enough))


def spearman(human_mean: Array, model_mean: Array) -> Array:
    """Spearman's rank correlation across countries, for each question; ties share their mean rank.

    Args and returns as ``pearson``.
    """
    from scipy.stats import rankdata  # most of a second of start-up, for the one score that ranks

    both = ~np.isnan(human_mean) & ~np.isnan(model_mean)
    h, q = (np.where(both, mean, np.nan) for mean in (human_mean, model_mean))
    return pearson(rankdata(h, axis=0, nan_policy="omit"), rankdata(q, axis=0, nan_policy="omit"))


def _centred(mean: Array, both: NDArray[np.bool_]) -> Array:
    known = np.where(both, mean, 0.0)
    n = np.maximum(both.sum(axis=0), 1)
    return np.where(both, known - known.sum(axis=0) / n, 0.0)
