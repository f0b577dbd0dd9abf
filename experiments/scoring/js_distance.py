"""Jensen–Shannon distance."""

import numpy as np

from value_personas.experiments.scoring.base import Score
from value_personas.experiments.scoring.cells import Cells
from value_personas.signatures import Array


def js_distance(cells: Cells) -> Array:
    """√(½ KL(h‖m) + ½ KL(q‖m)) with m = (h + q)/2 and logarithms to base 2.

    The root of the divergence, a metric (Endres & Schindelin 2003, IEEE Trans. Inf. Theory 49(7)). Range
    [0, 1], lower is better. SciPy's ``jensenshannon`` is the same with ``base=2``; its default is base e.

    Args:
        cells: distributions of shape (..., K).

    Returns:
        Shape (...).
    """
    middle = (cells.human + cells.model) / 2.0
    divergence = (_terms(cells.human, middle) + _terms(cells.model, middle)).sum(axis=-1) / 2.0
    return np.asarray(np.sqrt(np.maximum(divergence, 0.0)))  # rounding may leave −1e-17


JS_DISTANCE = Score(
    "JS distance",
    "How well the two distributions can be told apart, from 0 to 1, whatever the options’ order: "
    "√(½ KL(h‖m) + ½ KL(q‖m)), m = (h + q)/2, in bits.",
    js_distance,
    headline=True,
    of_shape=True,
    possible=(0.0, 1.0),
)


def _terms(p: Array, m: Array) -> Array:
    """p·log2(p/m), 0 where p is 0."""
    ratio = np.divide(p, m, out=np.ones_like(p), where=p != 0.0)
    return np.asarray(p * np.log2(ratio))
