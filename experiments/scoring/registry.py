"""Every score of a cell by name, with what a reader must know of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

from value_personas.experiments.scoring.cells import Cells
from value_personas.experiments.scoring.js_distance import js_distance
from value_personas.experiments.scoring.kl_divergence import kl_divergence
from value_personas.experiments.scoring.normalised_mae import normalised_mae
from value_personas.experiments.scoring.opinionqa_alignment import opinionqa_alignment
from value_personas.experiments.scoring.rps import rps
from value_personas.experiments.scoring.signed_bias import signed_bias
from value_personas.experiments.scoring.simbench import simbench
from value_personas.experiments.scoring.total_variation import total_variation
from value_personas.experiments.scoring.variance_ratio import variance_ratio
from value_personas.experiments.scoring.wasserstein import wasserstein

__all__ = ["SCORES", "Score", "score", "score_cells"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Score:
    """A score of one cell.

    Attributes:
        name: as it stands in tables and settings.
        heading: for people.
        kernel: cells of shape (..., K) → values of shape (...), NaN where undefined.
        best: where a perfect prediction lies.
        better: the direction of improvement; ``target`` means nearer to ``best`` from either side.
    """

    name: str
    heading: str
    kernel: Callable[[Cells], Array]
    best: float
    better: Literal["lower", "higher", "target"]


SCORES: Mapping[str, Score] = {
    one.name: one
    for one in (
        Score("normalised_mae", "MAE of means", normalised_mae, 0.0, "lower"),
        Score("signed_bias", "signed bias", signed_bias, 0.0, "target"),
        Score("wasserstein", "Wasserstein", wasserstein, 0.0, "lower"),
        Score("js_distance", "JS distance", js_distance, 0.0, "lower"),
        Score("total_variation", "total variation", total_variation, 0.0, "lower"),
        Score("kl_divergence", "KL divergence (bits)", kl_divergence, 0.0, "lower"),
        Score("rps", "RPS", rps, 0.0, "lower"),
        Score("variance_ratio", "variance ratio", variance_ratio, 1.0, "target"),
        Score("opinionqa_alignment", "OpinionQA alignment", opinionqa_alignment, 1.0, "higher"),
        Score("simbench", "SimBench", simbench, 100.0, "higher"),
    )
}
"""Name → score, in the order of tables."""


def score(human: ArrayLike, model: ArrayLike, scores: ArrayLike) -> dict[str, float]:
    """Every score of one cell.

    Args:
        human: shape (K,), the human distribution.
        model: shape (K,), the predicted one.
        scores: shape (K,), the options' scores, strictly monotone.

    Returns:
        Score name → value; NaN where it is undefined.

    Raises:
        StatisticsError: when a row is no distribution or the scores are not strictly monotone.
    """
    cells = Cells.check(np.atleast_2d(human), np.atleast_2d(model), scores)
    return {name: float(one.kernel(cells)[0]) for name, one in SCORES.items()}


def score_cells(
    human: ArrayLike, model: ArrayLike, scores: ArrayLike, mask: ArrayLike | None = None
) -> dict[str, Array]:
    """Every score of many cells.

    Args:
        human: shape (..., K); NaN throughout a cell that has no human answers.
        model: the same; NaN throughout a cell that is not estimated.
        scores: broadcastable to (..., K).
        mask: broadcastable to (..., K), True for a cell's own options, which come first; all when absent.

    Returns:
        Score name → values of shape (...); NaN for an undefined cell. The share of NaN is the count that
        belongs beside any mean of them.

    Raises:
        StatisticsError: as ``score``.
    """
    cells = Cells.check(human, model, scores, mask)
    return {name: one.kernel(cells) for name, one in SCORES.items()}
