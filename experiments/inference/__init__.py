"""How far a difference can be trusted: intervals, paired tests, noise floors, gaps and power."""

from experiments.inference.crossed_bootstrap import BootstrapResult, crossed_bootstrap
from experiments.inference.noise_floor import FloorReading, noise_floor, read_against_floor
from experiments.inference.paired_tests import holm, sign_flip_p, unit_means, wilcoxon_p

__all__ = [
    "BootstrapResult",
    "FloorReading",
    "crossed_bootstrap",
    "holm",
    "noise_floor",
    "read_against_floor",
    "sign_flip_p",
    "unit_means",
    "wilcoxon_p",
]
