"""The forest plot of an ablation: each variant's difference from the base, with its interval."""

from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from value_personas.experiments.figures.style import texts_as_they_are
from value_personas.experiments.scoring import heading

__all__ = ["draw_forest"]

_ROW_INCHES = 0.24
_LONGEST_LABEL = 44


@texts_as_they_are()
def draw_forest(table: pd.DataFrame, title: str, path: Path) -> None:
    """Draw a panel for each score and a row for each variant, grouped by factor.

    Args:
        table: as ``difference_table`` gives it; its rows over all cells are drawn.
        title: printed above; carries the word synthetic where it is due.
        path: a PNG, SVG or PDF.
    """
    every = table[table["group"] == "all"]
    scores = list(dict.fromkeys(every["score"]))
    places = _places(every[every["score"] == scores[0]])
    height = _ROW_INCHES * (max(places.values(), default=0.0) + 2) + 1.1
    figure = Figure(figsize=(3.0 + 3.2 * len(scores), height), layout="constrained")
    axes = figure.subplots(1, len(scores), sharey=True, squeeze=False)[0]
    for axis, score in zip(axes, scores, strict=True):
        _panel(axis, every[every["score"] == score], places)
        axis.set_xlabel(f"{heading(score)}: variant − base\n← better    worse →", fontsize=8)
    labels = {row.label: _label(str(row.level)) for row in every.itertuples()}
    axes[0].set_yticks(list(places.values()), [labels[label] for label in places], fontsize=8)
    axes[0].set_ylim(max(places.values()) + 0.8, -1.2)
    for name, start in _headings(every[every["score"] == scores[0]], places).items():
        axes[0].annotate(
            name, (0, start), xycoords=("axes fraction", "data"), xytext=(-4, 0), textcoords="offset points",
            ha="right", va="center", fontsize=8, fontweight="bold", annotation_clip=False,
        )  # fmt: skip
    figure.suptitle(title, fontsize=10)
    figure.supxlabel("lines: intervals of paired differences; filled: Holm-adjusted p < .05", fontsize=8)
    figure.savefig(path, dpi=150)


def _places(rows: pd.DataFrame) -> dict[str, float]:
    """Label → row; a factor's heading takes a row above its variants."""
    places, at = {}, 0.0
    for _, group in rows.groupby("factor", sort=False):
        at += 1.0
        for label in group["label"]:
            places[str(label)] = at
            at += 1.0
    return places


def _headings(rows: pd.DataFrame, places: dict[str, float]) -> dict[str, float]:
    return {
        _label(str(factor)): places[str(group["label"].iloc[0])] - 1.0
        for factor, group in rows.groupby("factor", sort=False)
    }


def _panel(axis: Axes, rows: pd.DataFrame, places: dict[str, float]) -> None:
    y = np.array([places[str(label)] for label in rows["label"]])
    x = rows["difference"].to_numpy(np.float64)
    ends = rows[["lower", "upper"]].to_numpy(np.float64)
    axis.axvline(0.0, color="0.5", linewidth=0.8)
    axis.hlines(y, ends[:, 0], ends[:, 1], color="0.35", linewidth=1.2)
    sure = rows["holm_p"].to_numpy(np.float64) < 0.05
    axis.scatter(x[sure], y[sure], s=22, color="C0", zorder=3)
    axis.scatter(x[~sure], y[~sure], s=22, facecolors="white", edgecolors="C0", zorder=3)
    axis.tick_params(axis="x", labelsize=8)
    axis.tick_params(axis="y", length=0)
    axis.grid(axis="x", color="0.9", linewidth=0.6)
    for side in ("left", "right", "top"):
        axis.spines[side].set_visible(False)


def _label(text: str) -> str:
    return text if len(text) <= _LONGEST_LABEL else f"{text[: _LONGEST_LABEL - 1]}…"
