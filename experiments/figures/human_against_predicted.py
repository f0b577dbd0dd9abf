"""The figure of a run: what people answered against what was predicted."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from value_personas.experiments.figures.style import texts_as_they_are

__all__ = ["draw_human_against_predicted"]

_LEGEND_ENTRIES = 12
"""With more countries than this their colours repeat, and a legend would tell nothing."""


@texts_as_they_are()
def draw_human_against_predicted(scores: pd.DataFrame, title: str, path: Path) -> None:
    """Draw a panel for each method with a point for each country × question cell.

    Args:
        scores: as in ``RunResult.scores``; means are drawn as a share of the question's scale.
        title: printed above; carries the word synthetic where it is due.
        path: a PNG, SVG or PDF.
    """
    methods = list(dict.fromkeys(scores["method"]))
    columns = min(3, len(methods))
    rows = -(-len(methods) // columns)
    figure = Figure(figsize=(3.6 * columns, 3.7 * rows + 0.6), layout="constrained")
    axes = np.atleast_1d(figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel())
    for axis, method in zip(axes, methods, strict=False):
        _panel(axis, scores[scores["method"] == method], method)
    if scores["country"].nunique() <= _LEGEND_ENTRIES:
        axes[0].legend(fontsize=6, frameon=False, loc="upper left", handletextpad=0.1)
    for axis in axes[len(methods) :]:
        axis.set_visible(False)
    figure.suptitle(title, fontsize=11)
    figure.supxlabel("human mean (share of the scale)", fontsize=9)
    figure.supylabel("predicted mean (share of the scale)", fontsize=9)
    figure.savefig(path, dpi=150)


def _panel(axis: Axes, cells: pd.DataFrame, method: str) -> None:
    axis.plot([0, 1], [0, 1], color="0.6", linewidth=0.8, zorder=1)
    for number, (country, points) in enumerate(cells.groupby("country", sort=True)):
        axis.scatter(
            points["human_share"],
            points["predicted_share"],
            s=9,
            alpha=0.7,
            color=f"C{number % 10}",
            marker="o" if number < 10 else "^",
            label=str(country),
            zorder=2,
        )
    error = cells["normalised_mae"].mean()
    axis.set_title(f"{method}\nMAE {error:.3f}", fontsize=9)
    axis.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
    axis.tick_params(labelsize=8)
