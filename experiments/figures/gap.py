"""The figure of a gap: error against the index of representation, with and without a method."""

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from value_personas.experiments.figures.style import texts_as_they_are
from value_personas.experiments.inference.gap_analysis import Array, GapAnalysis

__all__ = ["draw_gap", "draw_side"]


@texts_as_they_are()
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
    draw_side(axis, gap.index, gap.baseline_error, gap.baseline_slope[0], {"label": names[0], "color": "C7"})
    style = {"label": names[1], "color": "C0", "marker": "^"}
    draw_side(axis, gap.index, gap.method_error, gap.method_slope[0], style)
    point, low, high = gap.slope_difference
    axis.set(xlabel=index_name, ylabel="mean error of a country")
    axis.set_ylim(bottom=0.0)
    difference = f"slope difference {point:+.4f} [{low:+.4f}, {high:+.4f}] per SD of the index"
    axis.set_title(f"{title}\n{difference}" if title else difference, fontsize=8)
    axis.legend(fontsize=8, frameon=False)
    figure.savefig(path, dpi=150)


def draw_side(axis: Axes, x: Array, error: Array, slope: float, style: Mapping[str, str]) -> None:
    """Countries and the regression line of one method.

    Args:
        axis: is drawn on.
        x: shape (C,), the index.
        error: shape (C,).
        slope: change of error for one standard deviation of the index.
        style: colour, marker and label of the countries.
    """
    axis.scatter(x, error, s=14, alpha=0.7, **style)  # type: ignore[arg-type]
    ends = np.array([x.min(), x.max()])
    line = error.mean() + slope * (ends - x.mean()) / x.std()
    axis.plot(ends, line, color=style["color"], linewidth=1.2)
