"""How near a predicted distribution is to the human one: one score a file, kernels over arrays of cells.

To add one, copy ``total_variation.py`` and name its ``Score`` in ``registry.SCORES``. What it says of itself
puts it into tables, figures, tests and searches. Another distribution lists its ``Score`` under the entry
points ``value_personas.scores``.
"""

from value_personas.experiments.scoring.base import Score
from value_personas.experiments.scoring.cells import Cells
from value_personas.experiments.scoring.kl_divergence import KL_SMOOTHING
from value_personas.experiments.scoring.registry import (
    SCORES,
    ScoreName,
    compared_scores,
    directions,
    error_heading,
    heading,
    headline_scores,
    known_score,
    leading_scores,
    score,
    score_array,
    score_cells,
    shape_scores,
)

__all__ = [
    "KL_SMOOTHING",
    "SCORES",
    "Cells",
    "Score",
    "ScoreName",
    "compared_scores",
    "directions",
    "error_heading",
    "heading",
    "headline_scores",
    "known_score",
    "leading_scores",
    "score",
    "score_array",
    "score_cells",
    "shape_scores",
]
