"""The figure of a run: what people answered against what was predicted."""

from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from value_personas.experiments.figures.palette import MUTED, Look, looks
from value_personas.experiments.figures.style import FULL, beside, canvas, drawing, key
from value_personas.experiments.scoring.digits import three_digits

_TOLD_APART = 8
"""With more countries than this no sign is left that is one country's own: all bear their method's."""


@drawing()
def human_against_predicted_figure(cells: pd.DataFrame, look: Mapping[str, Look], stamp: str = "") -> Figure:
    """Draw a panel for each method with a point for each country × question cell.

    Args:
        cells: as in ``RunResult.scores``; means are drawn as a share of the question's scale.
        look: of each method, which its points bear where countries are too many to be told apart.
        stamp: as for ``canvas``.
    """
    methods = list(dict.fromkeys(cells["method"]))
    columns = beside(min(3, len(methods)), FULL / 3)
    rows = -(-len(methods) // columns)
    figure = canvas(FULL * max(columns, 1.5) / 3, (FULL / 3 + 0.1) * rows + 0.6, stamp)
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    countries = sorted(cells["country"].unique())
    of_country = looks(countries) if len(countries) <= _TOLD_APART else {}
    for axis, method in zip(axes, methods, strict=False):
        _panel(axis, cells[cells["method"] == method], of_country, look[method])
        axis.set_title(method, loc="left")
    marks, texts = axes[0].get_legend_handles_labels()
    key(figure, list(zip(marks, texts, strict=True)))
    for axis in axes[len(methods) :]:
        axis.set_visible(False)
    for axis in axes[max(len(methods) - columns, 0) : len(methods)]:  # the lowest of each column
        axis.set_xlabel("human mean")
        axis.tick_params(labelbottom=True)
    for axis in axes[::columns]:
        axis.set_ylabel("predicted mean")
    return figure


def _panel(axis: Axes, cells: pd.DataFrame, of_country: Mapping[str, Look], own: Look) -> None:
    axis.plot([0, 1], [0, 1], color=MUTED, linewidth=0.8, zorder=1, label="as people answered")
    for country, points in cells.groupby("country", sort=True) if of_country else [("", cells)]:
        look = of_country.get(str(country), own)
        axis.scatter(
            points["human_share"], points["predicted_share"], s=9, alpha=0.7, linewidth=0, zorder=2,
            color=look.colour, marker=look.marker, label=str(country) or "a country and question",
        )  # fmt: skip
    error = three_digits(cells["normalised_mae"].mean())
    axis.text(0.03, 0.97, f"MAE {error}", transform=axis.transAxes, va="top", fontsize=7)
    axis.set(xlim=(0, 1), ylim=(0, 1), aspect="equal")
