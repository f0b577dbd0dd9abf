"""How near a predicted distribution is to the human one: one score a file, kernels over arrays of cells."""

from value_personas.experiments.scoring.cells import Cells
from value_personas.experiments.scoring.correlation import pearson, spearman
from value_personas.experiments.scoring.country_deviation import country_deviation
from value_personas.experiments.scoring.errors import as_error
from value_personas.experiments.scoring.kl_divergence import KL_SMOOTHING
from value_personas.experiments.scoring.registry import SCORES, Score, score, score_cells
from value_personas.experiments.scoring.score_name import ScoreName
from value_personas.experiments.scoring.variance_ratio import VarianceSummary, summarise_variance_ratios

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
