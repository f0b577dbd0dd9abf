"""How near a predicted distribution is to the human one: one score a file, kernels over arrays of cells."""

from experiments.scoring.cells import Cells
from experiments.scoring.correlation import pearson, spearman
from experiments.scoring.country_deviation import country_deviation
from experiments.scoring.errors import as_error
from experiments.scoring.kl_divergence import KL_SMOOTHING
from experiments.scoring.registry import SCORES, Score, score, score_cells
from experiments.scoring.score_name import ScoreName
from experiments.scoring.variance_ratio import VarianceSummary, summarise_variance_ratios

__all__ = [
    "KL_SMOOTHING",
    "SCORES",
    "Cells",
    "Score",
    "ScoreName",
    "VarianceSummary",
    "as_error",
    "country_deviation",
    "pearson",
    "score",
    "score_cells",
    "spearman",
    "summarise_variance_ratios",
]
