"""Paired differences: a row for each method or variant with its interval, a panel for each score."""

import textwrap
from collections.abc import Mapping

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from value_personas.experiments.figures.palette import FAINT, INK, MUTED, Look
from value_personas.experiments.figures.style import FULL, SMALL, beside, canvas, drawing
from value_personas.experiments.scoring import heading

_LONGEST_LABEL = 44
_SURE = 0.05


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
    scores = list(dict.fromkeys(table["score"]))
    first = table[table["score"] == scores[0]]
    places, heads = places_of(first)
    columns = beside(len(scores), 2.2)
    rows = -(-len(scores) // columns)
    figure = canvas(FULL, (0.21 * (len(places) + len(heads)) + 0.7) * rows + 0.35, stamp)
    axes = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    said = f"left of 0: better than {base}; filled: p (Holm) below .05; lines: intervals"
    figure.supxlabel(textwrap.fill(said, int(15 * figure.get_figwidth())), fontsize=SMALL, color=MUTED)
    for axis in axes[len(scores) :]:
        axis.set_visible(False)
    for axis, score in zip(axes, scores, strict=False):
        _panel(axis, table[table["score"] == score], places, look)
        axis.set_title(heading(score), loc="left")
        axis.set_xlabel(f"difference from {base}", color=MUTED)
    name_rows(axes[0], first, places, heads)
    return figure


def name_rows(
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


def places_of(rows: pd.DataFrame) -> tuple[dict[str, float], dict[str, float]]:
    """Label → its row, and factor → the row of its heading, above its variants."""
    places: dict[str, float] = {}
    heads: dict[str, float] = {}
    factors = rows["factor"] if "factor" in rows else [None] * len(rows)
    for label, factor in zip(rows["label"], factors, strict=True):
        if factor is not None and factor not in heads:
            heads[str(factor)] = float(len(places) + len(heads))
        places[str(label)] = float(len(places) + len(heads))
    return places, heads


def _panel(axis: Axes, rows: pd.DataFrame, places: Mapping[str, float], look: Mapping[str, Look]) -> None:
    axis.axvline(0.0, color=INK, linewidth=0.9)
    for row in rows.to_dict("records"):
        own, place = look[str(row["label"])], places[str(row["label"])]
        axis.axhline(place, color=FAINT, linewidth=0.4, zorder=0)
        axis.plot([row["lower"], row["upper"]], [place, place], color=own.colour, linewidth=2.2)
        inside = own.colour if row["holm_p"] < _SURE else "white"
        axis.plot(row["difference"], place, own.marker, color=own.colour, markersize=4.5, mfc=inside)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)


def _short(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"
