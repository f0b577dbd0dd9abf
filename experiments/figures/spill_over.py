"""The figure of an audit: how far one answer moves the others, among people and in the judge's eyes."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from value_personas.experiments.figures.style import texts_as_they_are

__all__ = ["draw_spill_over", "spill_over_figure"]


@texts_as_they_are()
def draw_spill_over(
    matrices: Mapping[str, NDArray[np.float64]], items: Sequence[str], title: str, path: Path
) -> None:
    """Draw the figure and save it as a PNG, SVG or PDF; arguments as ``spill_over_figure``."""
    spill_over_figure(matrices, items, title).savefig(path, dpi=150)


@texts_as_they_are()
def spill_over_figure(
    matrices: Mapping[str, NDArray[np.float64]],
    items: Sequence[str],
    title: str = "",
    columns: int | None = None,
) -> Figure:
    """Draw one I × I matrix a panel, people first, all on one colour scale.

    Args:
        matrices: ``human`` and kinds of statements → shape (I, I), as shares of the scale.
        items: I codes.
        title: printed above, where given; carries the word synthetic where it is due.
        columns: panels side by side; all of them when absent.
    """
    columns = columns or len(matrices)
    rows = -(-len(matrices) // columns)
    figure = Figure(figsize=(3.9 * columns + 0.6, 4.3 * rows + 0.3), layout="constrained")
    axes = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    off = ~np.eye(len(items), dtype=np.bool_)
    top = 100 * max(float(np.nanmax(matrix[off], initial=0.01)) for matrix in matrices.values())
    for axis, (name, matrix) in zip(axes, matrices.items(), strict=False):
        percent = np.where(off, 100 * matrix, np.nan)
        axis.imshow(percent, cmap="viridis", vmin=0, vmax=top)
        for (i, j), value in np.ndenumerate(percent):
            if not np.isnan(value):
                shade = "black" if value > 0.6 * top else "white"
                axis.text(j, i, f"{value:.0f}", ha="center", va="center", fontsize=6, color=shade)
        axis.set_title(f"{name}\nmean {np.nanmean(percent):.1f}", fontsize=9)
        axis.set_xticks(range(len(items)), items, rotation=90, fontsize=7)
        axis.set_yticks(range(len(items)), items, fontsize=7)
        axis.set_xlabel("item asked", fontsize=8)
    for axis in axes[len(matrices) :]:
        axis.set_visible(False)
    for axis in axes[::columns]:
        axis.set_ylabel("item of which the answer is known", fontsize=8)
    figure.colorbar(axes[0].images[0], ax=list(axes), shrink=0.8, label="mean movement, % of the scale")
    if title:
        figure.suptitle(title, fontsize=10)
    return figure
