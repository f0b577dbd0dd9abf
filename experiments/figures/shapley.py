"""The figures of Shapley values: bars over all countries, and tiles of countries × items."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from value_personas.data import drawable
from value_personas.experiments.figures.palette import DARK_ON_TILE, HELPS, HURTS, INK, LIGHT_ON_TILE, TILES
from value_personas.experiments.figures.style import COLUMN, FULL, SMALL, canvas, drawing, key, row_height
from value_personas.experiments.scoring import error_heading
from value_personas.experiments.scoring.digits import three_digits
from value_personas.signatures import Array

_ALL = "all"
"""The ``country`` of the rows that stand for all of them."""

_WRITTEN, _TILE, _BESIDE_TILES = 20, 0.36, 2.0
"""With more rows than this a tile bears a dot, where its interval leaves out 0, and no number; so does one
that is narrower. Inches, and inches for all that stands beside the tiles."""


@drawing()
def bar_figure(values: pd.DataFrame, stamp: str = "") -> Figure:
    """Draw each item's value over all countries with its interval, what helps most on top.

    Args:
        values: columns player, name, country (a code, or ``all``), score, value, lower and upper; of one
            score.
        stamp: as for ``canvas``.
    """
    rows = _over_all(values)
    figure = canvas(COLUMN, 0.21 * len(rows) + 0.95, stamp)
    axis = figure.subplots()
    places, value = np.arange(len(rows)), rows["value"].to_numpy(np.float64)
    axis.barh(places, value, height=0.62, color=[HELPS if one < 0.0 else HURTS for one in value])
    axis.hlines(places, rows["lower"], rows["upper"], color=INK, linewidth=1.0)
    axis.axvline(0.0, color=INK, linewidth=0.8)
    axis.set_yticks(places, list(_names(rows).values()))
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    axis.set_xlabel(f"change of {error_heading(rows['score'].iloc[0])}")
    axis.xaxis.set_major_locator(MaxNLocator(5))
    told = [(HELPS, "the item lowers it", value < 0.0), (HURTS, "the item raises it", value >= 0.0)]
    marks: list[tuple[Any, str]] = [(Patch(color=ink), text) for ink, text, some in told if some.any()]
    key(figure, [*marks, (Line2D([], [], color=INK, linewidth=1.0), "interval")])
    return figure


@drawing()
def tile_figure(values: pd.DataFrame, countries: Mapping[str, str], stamp: str = "") -> Figure:
    """Draw countries × items: what helps most to the left, where all items together help most on top.

    Args:
        values: as for ``bar_figure``.
        countries: code → name.
        stamp: as for ``canvas``.
    """
    names, grid = _names(_over_all(values)), values.pivot(index="country", columns="player", values="value")
    own = grid.drop(index=_ALL).sum(axis=1, min_count=1).dropna().sort_values(kind="stable")
    codes = [str(code) for code in own.index]
    rows = [_ALL, *codes] if len(codes) > 1 else codes  # one country is all there is
    sure = values.assign(sure=(values["lower"] > 0.0) | (values["upper"] < 0.0))
    marks = sure.pivot(index="country", columns="player", values="sure").loc[rows, list(names)]
    shown = grid.loc[rows, list(names)].to_numpy(np.float64)
    height = row_height(len(rows)) * len(rows) + 0.055 * max(map(len, names.values())) + 0.9
    figure = canvas(FULL, height, stamp)
    tile = (figure.get_figwidth() - _BESIDE_TILES) / len(names)
    numbers = len(rows) <= _WRITTEN and tile >= _TILE
    axis = figure.subplots()
    top = float(np.nanmax(np.abs(shown))) or 1.0
    tiles = axis.pcolormesh(shown, cmap=TILES, vmin=-top, vmax=top, edgecolors="face", linewidth=0.1)
    _mark(axis, shown, marks.to_numpy(np.bool_), 0.5 * top, numbers)
    if rows[0] == _ALL:
        axis.axhline(1.0, color=INK, linewidth=1.0)
    axis.set_xticks(np.arange(len(names)) + 0.5, list(names.values()), rotation=35, ha="right")
    written = [drawable([{_ALL: "all countries", **countries}.get(code, code), code]) for code in rows]
    axis.set_yticks(np.arange(len(rows)) + 0.5, written)
    axis.invert_yaxis()
    axis.tick_params(length=0)
    axis.spines[["left", "bottom"]].set_visible(False)
    bar = figure.colorbar(tiles, ax=axis, shrink=0.9, pad=0.01, aspect=30)
    how = f"{'bold' if numbers else 'dot'}: the interval leaves out 0"
    bar.set_label(f"change of {error_heading(values['score'].iloc[0])}\n{how}", fontsize=SMALL)
    return figure


def _over_all(values: pd.DataFrame) -> pd.DataFrame:
    return values[values["country"] == _ALL].sort_values("value", kind="stable")


def _names(rows: pd.DataFrame) -> dict[str, str]:
    """Player → ``happiness (A008)``, as far as a figure can write it; a group's name stands alone."""
    pairs = zip(rows["player"].astype(str), rows["name"].astype(str), strict=True)
    written = {code: (name, drawable([name, code])) for code, name in pairs}
    return {code: short if name == code else f"{short} ({code})" for code, (name, short) in written.items()}


def _mark(axis: Axes, shown: Array, sure: NDArray[np.bool_], dark: float, numbers: bool) -> None:
    """Write each tile's value, or a dot where there is no room for numbers."""
    for (row, column), value in np.ndenumerate(shown):
        if np.isnan(value) or not (numbers or sure[row, column]):
            continue
        text = three_digits(value, signed=True) if numbers else "•"
        ink = LIGHT_ON_TILE if abs(value) > dark else DARK_ON_TILE
        weight = "bold" if sure[row, column] else "normal"
        at = (column + 0.5, row + 0.5)
        axis.text(*at, text, ha="center", va="center", fontsize=SMALL, color=ink, fontweight=weight)
