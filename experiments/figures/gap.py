"""The figure of a gap: error against the index of representation, with and without a method."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from value_personas.experiments.figures.palette import INK, MUTED, Look
from value_personas.experiments.figures.style import COLUMN, canvas, drawing, key


@drawing()
def gap_figure(
    gap: pd.DataFrame, countries: pd.DataFrame, look: Mapping[str, Look], stamp: str = ""
) -> Figure:
    """Draw countries and both regression lines.

    Args:
        gap: columns quantity, estimate, lower, upper, baseline, method and index, as a run keeps them.
        countries: columns index, baseline_error and method_error.
        look: of both methods.
        stamp: as for ``canvas``.
    """
    quantities, first = gap.set_index("quantity"), gap.iloc[0]
    figure = canvas(COLUMN, 3.1, stamp)
    axis = figure.subplots()
    slopes = {str(name): float(value) for name, value in quantities["estimate"].items()}
    x = countries["index"].to_numpy(np.float64)
    for side in ("baseline", "method"):
        error = countries[f"{side}_error"].to_numpy(np.float64)
        _side(axis, (x, error), slopes[f"{side}_slope"], str(first[side]), look[str(first[side])])
    point, low, high = quantities.loc["slope_difference", ["estimate", "lower", "upper"]]
    axis.annotate(
        f"slope difference per SD {point:+.4f} [{low:+.4f}, {high:+.4f}]".replace("-", "−"),
        (1.0, 1.0), xycoords="axes fraction", ha="right", va="bottom", fontsize=7, color=INK,
    )  # fmt: skip
    axis.set(xlabel=str(first["index"]), ylabel="mean error of a country")
    axis.set_ylim(bottom=0.0)
    marks, texts = axis.get_legend_handles_labels()
    line = Line2D([], [], color=MUTED, linewidth=1.2)
    key(figure, [*zip(marks, texts, strict=True), (line, "its regression on the index")])
    return figure


def _side(axis: Axes, points: tuple[np.ndarray, np.ndarray], slope: float, name: str, look: Look) -> None:
    """Countries and the regression line of one method; its slope is a change for one SD of the index."""
    x, error = points
    axis.scatter(x, error, s=14, alpha=0.7, color=look.colour, marker=look.marker, label=name)
    ends = np.array([x.min(), x.max()])
    axis.plot(ends, error.mean() + slope * (ends - x.mean()) / x.std(), color=look.colour, linewidth=1.2)
