"""SimBench's score."""

import math

import numpy as np

from value_personas.experiments.scoring.base import Score
from value_personas.experiments.scoring.cells import Cells
from value_personas.experiments.scoring.total_variation import total_variation
from value_personas.signatures import Array


def simbench(cells: Cells) -> Array:
    """100 · (1 − TV(q, h) / TV(uniform, h)) (Hu et al. 2025, SimBench, arXiv 2510.17516).

    100 is a perfect prediction, 0 is as good as the uniform distribution, below 0 worse. Higher is better.
    NaN where the human distribution is itself uniform.

    Args:
        cells: distributions of shape (..., K).

    Returns:
        Shape (...).
    """
    uniform = np.where(cells.mask, 1.0 / cells.count[..., None], 0.0)
    baseline = np.abs(uniform - cells.human).sum(axis=-1) / 2.0
    out = np.full(baseline.shape, np.nan)
    np.divide(total_variation(cells), baseline, out=out, where=baseline > 1e-12)
    return np.asarray(100.0 * (1.0 - out))


SIMBENCH = Score(
    "SimBench",
    "How much of the uniform guess’s error is avoided, 100 at best: 100 · (1 − TV(q, h) / TV(uniform, h)).",
    simbench,
    best=100.0,
    better="higher",
    possible=(-math.inf, 100.0),
)
