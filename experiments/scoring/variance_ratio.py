"""Spread of the prediction against the human spread."""

from dataclasses import dataclass

import numpy as np

from value_personas.experiments.scoring.cells import Array, Cells

__all__ = ["VarianceSummary", "summarise_variance_ratios", "variance_ratio"]


def variance_ratio(cells: Cells) -> Array:
    """Var_q[r] / Var_h[r]: below 1 the prediction is narrower than the people.

    Range [0, ∞), right at 1. NaN where every human gave the same answer.

    Args:
        cells: distributions of shape (..., K).

    Returns:
        Shape (...).
    """
    human = cells.variance(cells.human)
    ratio = np.full(human.shape, np.nan)
    return np.asarray(np.divide(cells.variance(cells.model), human, out=ratio, where=human > 0.0))


@dataclass(frozen=True, slots=True)
class VarianceSummary:
    """How the spread compares over many cells.

    Attributes:
        median_log: the median natural logarithm of the ratio; 0 is right, −∞ where most cells are one-hot.
        share_below_one: the share of cells that are narrower than the human answers.
        cells: how many cells have a ratio.
    """

    median_log: float
    share_below_one: float
    cells: int


def summarise_variance_ratios(ratios: Array) -> VarianceSummary:
    """Summarise ratios of any shape; NaN cells are left out and not counted."""
    known = ratios[~np.isnan(ratios)]
    if known.size == 0:
        return VarianceSummary(float("nan"), float("nan"), 0)
    with np.errstate(divide="ignore"):
        logs = np.log(known)
    return VarianceSummary(float(np.median(logs)), float((known < 1.0).mean()), int(known.size))
