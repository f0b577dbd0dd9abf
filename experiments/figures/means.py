"""Means of scores with their intervals: a row for each method, a panel for each score."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from value_personas.experiments.figures.differences import name_rows, places_of
from value_personas.experiments.figures.palette import FAINT, INK, MUTED, Look
from value_personas.experiments.figures.style import FULL, beside, canvas, drawing, key
from value_personas.experiments.scoring import SCORES, heading

_LINE: dict[str, Any] = {"color": INK, "linewidth": 0.9, "linestyle": (0, (4, 2))}


@drawing()
def means_figure(
    rows: pd.DataFrame, look: Mapping[str, Look], floor: Mapping[str, float], level: int, stamp: str = ""
) -> Figure:
    """Draw every row's mean; a dashed line is the noise floor, or the target of a score that has one.

    Args:
        rows: columns score, label, mean, lower, upper; ``factor`` and ``level`` as of ``difference_figure``.
        look: label → its own.
        floor: score → the human sample's own error.
        level: of the intervals, in per cent.
        stamp: as for ``canvas``.
    """
    shown = list(dict.fromkeys(rows["score"]))
    first = rows[rows["score"] == shown[0]]
    places, heads = places_of(first)
    columns = beside(len(shown), 2.2)
    lines = -(-len(shown) // columns)
    figure = canvas(FULL, (0.21 * (len(places) + len(heads)) + 0.7) * lines + 0.45, stamp)
    axes = figure.subplots(lines, columns, sharey=True, squeeze=False).ravel()
    for axis, name in zip(axes, shown, strict=False):
        _panel(axis, rows[rows["score"] == name], places, look)
        score = SCORES[name]
        axis.axvline(score.best if score.better == "target" else floor[name], **_LINE)
        axis.set_title(score.heading, loc="left")
        if score.best >= 0.0 and score.better != "higher":
            axis.set_xlim(left=0.0)
        axis.set_xlabel(score.unit, color=MUTED)
    for axis in axes[len(shown) :]:
        axis.set_visible(False)
    name_rows(axes[0], first, places, heads)
    targets = [heading(name) for name in shown if SCORES[name].better == "target"]
    told = ["noise floor of people’s sample"] if len(targets) < len(shown) else []
    told += [f"target of the {' and the '.join(targets)}"] if targets else []
    ends = Line2D([], [], color=MUTED, linewidth=1.4)
    key(figure, [(Line2D([], [], **_LINE), "; ".join(told)), (ends, f"{level} % interval")])
    return figure


def _panel(axis: Axes, rows: pd.DataFrame, places: Mapping[str, float], look: Mapping[str, Look]) -> None:
    for row in rows.to_dict("records"):
        own, place = look[str(row["label"])], places[str(row["label"])]
        axis.axhline(place, color=FAINT, linewidth=0.4, zorder=0)
        axis.plot([row["lower"], row["upper"]], [place, place], color=own.colour, linewidth=1.4)
        axis.plot(row["mean"], place, own.marker, color=own.colour, markersize=4.5)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
