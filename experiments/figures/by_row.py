"""Means and paired differences with their intervals: a row for each method or variant, a panel a score."""

import textwrap
from collections.abc import Mapping
from typing import Any

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from value_personas.experiments.figures.palette import FAINT, INK, MUTED, Look
from value_personas.experiments.figures.style import FULL, SMALL, beside, canvas, drawing, key
from value_personas.experiments.scoring import SCORES, heading

_LONGEST_LABEL = 44
_SURE = 0.05
_FLOOR: dict[str, Any] = {"color": INK, "linewidth": 0.9, "linestyle": (0, (4, 2))}


@drawing()
def difference_figure(table: pd.DataFrame, look: Mapping[str, Look], base: str, stamp: str = "") -> Figure:
    """Draw every row's difference from a base; left of the line it is better than that.

    Args:
        table: columns score, label, difference, lower, upper and holm_p; ``factor``, where there is one,
            heads the rows that have it in common, and ``level`` is then written in place of the label.
        look: label → its own.
        base: what is subtracted, in words.
        stamp: as for ``canvas``.
    """
    figure, panels, places = _panels(table, stamp, 0.35)
    said = f"left of 0: better than {base}; filled: p (Holm) below .05; lines: intervals"
    figure.supxlabel(textwrap.fill(said, int(15 * figure.get_figwidth())), fontsize=SMALL, color=MUTED)
    for score, axis in panels.items():
        axis.axvline(0.0, color=INK, linewidth=0.9)
        for row in table[table["score"] == score].to_dict("records"):
            own, place = look[str(row["label"])], places[str(row["label"])]
            inside = own.colour if row["holm_p"] < _SURE else "white"
            _interval(axis, row, own, place, 2.2)
            axis.plot(row["difference"], place, own.marker, color=own.colour, markersize=4.5, mfc=inside)
        axis.set_xlabel(f"difference from {base}", color=MUTED)
    return figure


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
    figure, panels, places = _panels(rows, stamp, 0.45)
    for name, axis in panels.items():
        score = SCORES[name]
        for row in rows[rows["score"] == name].to_dict("records"):
            own, place = look[str(row["label"])], places[str(row["label"])]
            _interval(axis, row, own, place, 1.4)
            axis.plot(row["mean"], place, own.marker, color=own.colour, markersize=4.5)
        axis.axvline(score.best if score.better == "target" else floor[name], **_FLOOR)
        if score.best >= 0.0 and score.better != "higher":
            axis.set_xlim(left=0.0)
        axis.set_xlabel(score.unit, color=MUTED)
    targets = [heading(name) for name in panels if SCORES[name].better == "target"]
    told = ["noise floor of people’s sample"] if len(targets) < len(panels) else []
    told += [f"target of the {' and the '.join(targets)}"] if targets else []
    marks = [(Line2D([], [], **_FLOOR), "; ".join(told))]
    if rows["lower"].notna().any():
        marks.append((Line2D([], [], color=MUTED, linewidth=1.4), f"{level} % interval"))
    key(figure, marks)
    return figure


def _panels(
    rows: pd.DataFrame, stamp: str, beneath: float
) -> tuple[Figure, dict[str, Axes], dict[str, float]]:
    """An empty panel for each score, and where each label's row is; ``beneath``, inches, is for a key."""
    scores = list(dict.fromkeys(rows["score"]))
    first = rows[rows["score"] == scores[0]]
    places, heads = _places_of(first)
    columns = beside(len(scores), 2.2)
    lines = -(-len(scores) // columns)
    figure = canvas(FULL, (0.21 * (len(places) + len(heads)) + 0.7) * lines + beneath, stamp)
    axes = figure.subplots(lines, columns, sharey=True, squeeze=False).ravel()
    for axis, score in zip(axes, scores, strict=False):
        axis.set_title(heading(score), loc="left")
        axis.tick_params(axis="y", length=0)
        axis.spines["left"].set_visible(False)
    for axis in axes[len(scores) :]:
        axis.set_visible(False)
    _name_rows(axes[0], first, places, heads)
    return figure, dict(zip(scores, axes, strict=False)), places


def _interval(axis: Axes, row: Mapping[Any, Any], own: Look, place: float, width: float) -> None:
    axis.axhline(place, color=FAINT, linewidth=0.4, zorder=0)
    axis.plot([row["lower"], row["upper"]], [place, place], color=own.colour, linewidth=width)


def _name_rows(
    axis: Axes, rows: pd.DataFrame, places: Mapping[str, float], heads: Mapping[str, float]
) -> None:
    """Write the rows' labels, or what they have of their own under the bold names of their factors."""
    written = rows["level"] if heads else rows["label"]
    axis.set_yticks(list(places.values()), [_short(str(text)) for text in written])
    axis.set_ylim(max(places.values()) + 0.6, -0.6)
    for name, place in heads.items():
        axis.annotate(
            _short(name), (0, place), xycoords=("axes fraction", "data"), xytext=(-4, 0), ha="right",
            textcoords="offset points", va="center", fontsize=7.5, fontweight="bold", annotation_clip=False,
        )  # fmt: skip


def _places_of(rows: pd.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    """Label → its row, and factor → the row of its heading, above its variants."""
    places: dict[str, float] = {}
    heads: dict[str, float] = {}
    factors = rows["factor"] if "factor" in rows else [None] * len(rows)
    for label, factor in zip(rows["label"], factors, strict=True):
        if factor is not None and factor not in heads:
            heads[str(factor)] = float(len(places) + len(heads))
        places[str(label)] = float(len(places) + len(heads))
    return places, heads


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"
