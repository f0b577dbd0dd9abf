"""The figure of a gap: error against the index of representation, with and without a method."""

from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from experiments.inference.gap_analysis import Array, GapAnalysis

__all__ = ["draw_gap"]


def draw_gap(
    gap: GapAnalysis, path: Path, *, index_name: str, names: tuple[str, str], title: str = ""
) -> None:
    """Draw countries and both regression lines.

    Args:
        gap: the analysis.
        path: a PNG, SVG or PDF.
        index_name: what the index is, for example ``distance from Sweden on the cultural map``.
        names: of the baseline and the method.
        title: printed above; carries the word synthetic where it is due.
    """
    figure = Figure(figsize=(5.4, 4.0), layout="constrained")
    axis = figure.subplots()
    _side(axis, gap.index, gap.baseline_error, gap.baseline_slope, names[0], "C7", "o")
    _side(axis, gap.index, gap.method_error, gap.method_slope, names[1], "C0", "^")
    point, low, high = gap.slope_difference
    axis.set(xlabel=index_name, ylabel="mean error of a country")
    axis.set_ylim(bottom=0.0)
    difference = f"slope difference {point:+.4f} [{low:+.4f}, {high:+.4f}] per SD of the index"
    axis.set_title(f"{title}\n{difference}" if title else difference, fontsize=8)
    axis.legend(fontsize=8, frameon=False)
    figure.savefig(path, dpi=150)


def _side(
    axis: Axes, x: Array, error: Array, slope: tuple[float, float, float], name: str, color: str, marker: str
) -> None:
    axis.scatter(x, error, s=14, color=color, marker=marker, alpha=0.7, label=name)
    ends = np.array([x.min(), x.max()])
    axis.plot(ends, error.mean() + slope[0] * (ends - x.mean()) / x.std(), color=color, linewidth=1.2)
