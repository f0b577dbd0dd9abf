"""Error against the number of personas, beside the human sample's own error."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from value_personas.experiments.figures.palette import HELPS, INK, MUTED
from value_personas.experiments.figures.style import COLUMN, SMALL, beside, canvas, drawing
from value_personas.experiments.scoring import SCORES, heading


@drawing()
def error_curve_figure(curve: pd.DataFrame, stamp: str) -> Figure:
    """Draw a panel for each score.

    Args:
        curve: columns n, score, mean, lower, upper and floor, in rising n; not empty.
        stamp: as for ``canvas``.
    """
    names = [name for name in SCORES if name in set(curve["score"])]
    columns = beside(len(names), COLUMN)
    rows = -(-len(names) // columns)
    figure = canvas(COLUMN * columns, 2.6 * rows, stamp)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes[len(names) :]:
        axis.set_visible(False)
    for axis, name in zip(axes, names, strict=False):
        _panel(axis, curve[curve["score"] == name], name)
    return figure


def _panel(axis: Axes, curve: pd.DataFrame, score: str) -> None:
    n, mean = curve["n"].to_numpy(np.float64), curve["mean"].to_numpy(np.float64)
    below, above = mean - curve["lower"].to_numpy(np.float64), curve["upper"].to_numpy(np.float64) - mean
    ends = np.clip([below, above], 0.0, None)
    axis.errorbar(n, mean, yerr=ends, color=HELPS, marker="o", capsize=2, markersize=4)
    floor = float(curve["floor"].iloc[-1])
    axis.axhline(floor, color=INK, linestyle=(0, (4, 2)), linewidth=0.9)
    axis.annotate("noise floor of the survey", (n[-1], floor), xytext=(0, 3), textcoords="offset points",
                  ha="right", fontsize=SMALL, color=MUTED)  # fmt: skip
    axis.set_xscale("log")
    axis.set_xticks(n, [f"{value:g}" for value in n], minor=False)
    axis.minorticks_off()
    axis.set_ylim(bottom=0.0)
    axis.set_xlabel("profiles drawn a country (log scale)")
    axis.set_ylabel(heading(score))
