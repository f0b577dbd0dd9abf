"""How far a difference can be trusted: intervals, paired tests, noise floors, gaps and power."""

from value_personas.experiments.inference.comparison import CellGroups, compare_methods
from value_personas.experiments.inference.crossed_bootstrap import BootstrapResult, crossed_bootstrap
from value_personas.experiments.inference.gap_analysis import (
    CatchingUp,
    GapAnalysis,
    analyse_gap,
    catching_up,
)
from value_personas.experiments.inference.noise_floor import noise_floor
from value_personas.experiments.inference.paired_tests import holm, sign_flip_p, unit_means, wilcoxon_p
from value_personas.experiments.inference.power import (
    Price,
    VarianceParts,
    half_width,
    needed_personas,
    pilot_parts,
    plan_table,
)
from value_personas.experiments.inference.summary import summarise

__all__ = [
    "BootstrapResult",
    "CatchingUp",
    "CellGroups",
    "GapAnalysis",
    "Price",
    "VarianceParts",
    "analyse_gap",
    "catching_up",
    "compare_methods",
    "crossed_bootstrap",
    "half_width",
    "holm",
    "needed_personas",
    "noise_floor",
    "pilot_parts",
    "plan_table",
    "sign_flip_p",
    "summarise",
    "unit_means",
    "wilcoxon_p",
]
