"""The figure of an audit: how far one answer moves the others, among people and in the judge's eyes."""

from collections.abc import Mapping, Sequence

import numpy as np
from matplotlib.figure import Figure

from value_personas.experiments.figures.palette import DARK_ON_TILE, LIGHT_ON_TILE
from value_personas.experiments.figures.style import FULL, SMALL, beside, canvas, drawing, room
from value_personas.signatures import Array


@drawing()
def spill_over_figure(matrices: Mapping[str, Array], items: Sequence[str], stamp: str = "") -> Figure:
    """Draw one I × I matrix a panel, people first, two side by side, all on one colour scale.

    Args:
        matrices: ``human`` and kinds of statements → shape (I, I), as shares of the scale.
        items: I codes.
        stamp: as for ``canvas``.
    """
    columns = beside(2, FULL / 2)
    rows = -(-len(matrices) // columns)
    figure = canvas(FULL, ((room(FULL) - 1.2) / columns + 0.5) * rows + 0.2, stamp)
    axes = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    off = ~np.eye(len(items), dtype=np.bool_)
    top = 100 * max(float(np.nanmax(matrix[off], initial=0.01)) for matrix in matrices.values())
    for axis, (name, matrix) in zip(axes, matrices.items(), strict=False):
        percent = np.where(off, 100 * matrix, np.nan)
        axis.imshow(percent, cmap="viridis", vmin=0, vmax=top)
        for (i, j), value in np.ndenumerate(percent):
            if not np.isnan(value):
                ink = DARK_ON_TILE if value > 0.6 * top else LIGHT_ON_TILE
                axis.text(j, i, f"{value:.0f}", ha="center", va="center", fontsize=SMALL, color=ink)
        axis.set_title(f"{name} · mean {np.nanmean(percent):.1f}", loc="left")
        axis.set_xticks(range(len(items)), items, rotation=90)
        axis.set_yticks(range(len(items)), items)
        axis.tick_params(length=0)
        axis.set_xlabel("item asked")
    for axis in axes[len(matrices) :]:
        axis.set_visible(False)
    for axis in axes[::columns]:
        axis.set_ylabel("item of which the answer is known")
    figure.colorbar(
        axes[0].images[0], ax=list(axes), shrink=0.8, aspect=30, label="mean movement, % of the scale"
    )
    return figure
