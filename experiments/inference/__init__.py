"""How far a difference can be trusted: intervals, paired tests, noise floors, gaps and power."""

from value_personas.experiments.inference.clustered import (
    Estimates,
    clustered_means,
    clustered_medians,
    clustered_ratios,
    clustered_slopes,
)
from value_personas.experiments.inference.comparison import CellGroups, compare_methods, within
from value_personas.experiments.inference.conformal import conformal_half_widths
from value_personas.experiments.inference.floor import noise_floor
from value_personas.experiments.inference.gap_analysis import (
    CatchingUp,
    GapAnalysis,
    analyse_gap,
    catching_up,
    with_difference,
)
from value_personas.experiments.inference.leaving_out import interval_by_leaving_out
from value_personas.experiments.inference.paired_tests import (
    holm,
    least_sign_flip_p,
    sign_flip_p,
    unit_totals,
    wilcoxon_p,
)
from value_personas.experiments.inference.power import (
    Price,
    VarianceParts,
    half_width,
    needed_personas,
    pilot_parts,
    plan_table,
    variance_shares,
)
from value_personas.experiments.inference.summary import summarise
from value_personas.experiments.inference.units import units_of, zones_of

__all__ = [
    "CatchingUp",
    "CellGroups",
    "Estimates",
    "GapAnalysis",
    "Price",
    "VarianceParts",
    "analyse_gap",
    "catching_up",
    "clustered_means",
    "clustered_medians",
    "clustered_ratios",
    "clustered_slopes",
    "compare_methods",
    "conformal_half_widths",
    "half_width",
    "holm",
    "interval_by_leaving_out",
    "least_sign_flip_p",
    "needed_personas",
    "noise_floor",
    "pilot_parts",
    "plan_table",
    "sign_flip_p",
    "summarise",
    "unit_totals",
    "units_of",
    "variance_shares",
    "wilcoxon_p",
    "with_difference",
    "within",
    "zones_of",
]
