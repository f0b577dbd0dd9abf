"""The figures of Shapley values: items × countries, and bars with intervals."""

import textwrap
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray

from value_personas.experiments.figures.style import texts_as_they_are
from value_personas.experiments.shapley.tables import ALL

__all__ = ["draw_bars", "draw_heat_map"]

_HELPS, _HARMS = "#3b6fb6", "#c0504d"
"""Blue lowers the error, red raises it, as in the colour map of the other figure."""

_CHARACTERS_AN_INCH = 11
"""Of a title."""

_MOST_NUMBERS = 13
"""Columns up to which a number fits into a cell; beyond, a dot marks what an interval sets apart from 0."""


@texts_as_they_are()
def draw_heat_map(
    values: pd.DataFrame, names: Mapping[str, str], measure: str, title: str, path: Path
) -> None:
    """Draw players × countries: what helps most on top, where all items together help most to the left.

    Args:
        values: as ``ShapleyResult.values``.
        names: country code → its name.
        measure: the error in words.
        title: printed above; carries the word synthetic where it is due.
        path: a PNG, SVG or PDF.
    """
    order = _order(values)
    grid = values.pivot(index="player", columns="country", values="value").loc[order]
    countries = grid.drop(columns=ALL).sum(min_count=1).dropna().sort_values(kind="stable").index.tolist()
    columns = [ALL, *countries] if len(countries) > 1 else countries  # one country is all there is
    numbers = len(columns) <= _MOST_NUMBERS
    width, height = (0.78 if numbers else 0.3) * len(columns), 0.36 * len(order)
    figure = Figure(figsize=(3.6 + width, 2.4 + height), layout="constrained")
    axis = figure.subplots()
    shown = grid[columns].to_numpy(np.float64)
    top = float(np.nanmax(np.abs(shown))) or 1.0
    image = axis.imshow(shown, cmap="RdBu_r", vmin=-top, vmax=top, aspect="auto")
    sure = values.assign(sure=_sure(values)).pivot(index="player", columns="country", values="sure")
    _mark(axis, shown, sure.loc[order, columns].to_numpy(np.bool_), 0.6 * top, numbers)
    if columns[0] == ALL:
        axis.axvline(0.5, color="black", linewidth=1.2)
    ticks = [{ALL: "all countries", **names}.get(code, code) for code in columns]
    axis.set_xticks(range(len(columns)), ticks, rotation=45, ha="right", rotation_mode="anchor", fontsize=8)
    axis.set_yticks(range(len(order)), _labels(values, order), fontsize=8)
    bar = figure.colorbar(image, ax=axis)
    bar.set_label(f"change of the error ({measure})\nblue: the item lowers it", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    _put_title(figure, title, f"{'bold' if numbers else 'dot'}: the interval leaves out 0")
    figure.savefig(path, dpi=150)


@texts_as_they_are()
def draw_bars(values: pd.DataFrame, measure: str, title: str, path: Path) -> None:
    """Draw each player's value over all countries with its interval, what helps most on top.

    Args:
        values: as ``ShapleyResult.values``.
        measure: the error in words.
        title: printed above; carries the word synthetic where it is due.
        path: a PNG, SVG or PDF.
    """
    order = _order(values)
    rows = values[values["country"] == ALL].set_index("player").loc[order]
    value = rows["value"].to_numpy(np.float64)
    lower, upper = rows["lower"].to_numpy(np.float64), rows["upper"].to_numpy(np.float64)
    figure = Figure(figsize=(6.4, 1.5 + 0.36 * len(order)), layout="constrained")
    axis = figure.subplots()
    axis.barh(
        range(len(order)),
        value,
        # A percentile interval need not hold its point; an error bar has no negative length.
        xerr=np.maximum([value - lower, upper - value], 0.0),
        color=np.where(value < 0, _HELPS, _HARMS).tolist(),
        error_kw={"elinewidth": 1.0, "capsize": 2.5},
    )
    axis.axvline(0.0, color="black", linewidth=0.8)
    axis.set_yticks(range(len(order)), _labels(values, order), fontsize=8)
    axis.invert_yaxis()
    axis.set_xlabel(f"change of the error ({measure}); negative: the item lowers it", fontsize=8)
    axis.tick_params(axis="x", labelsize=8)
    _put_title(figure, title)
    figure.savefig(path, dpi=150)


def _order(values: pd.DataFrame) -> list[str]:
    over_all = values[values["country"] == ALL]
    return [str(code) for code in over_all.sort_values("value", kind="stable")["player"]]


def _labels(values: pd.DataFrame, order: Sequence[str]) -> list[str]:
    """``happiness (A008)``; a group's name stands alone."""
    names = dict(zip(values["player"], values["name"], strict=True))
    return [names[code] if names[code] == code else f"{names[code]} ({code})" for code in order]


def _put_title(figure: Figure, title: str, *below: str) -> None:
    """The title over as many lines as the figure's width asks for."""
    lines = [*textwrap.wrap(title, int(_CHARACTERS_AN_INCH * figure.get_figwidth())), *below]
    figure.suptitle("\n".join(lines), fontsize=9)


def _sure(values: pd.DataFrame) -> "pd.Series[bool]":
    return (values["lower"] > 0.0) | (values["upper"] < 0.0)


def _mark(
    axis: Axes, shown: NDArray[np.float64], sure: NDArray[np.bool_], dark: float, numbers: bool
) -> None:
    """Write each cell's value, or a dot where it is set apart from 0 and there is no room for more."""
    for (i, j), value in np.ndenumerate(shown):
        if np.isnan(value) or not (numbers or sure[i, j]):
            continue
        text = _short(value) if numbers else "•"
        shade = "white" if abs(value) > dark else "black"
        weight = "bold" if sure[i, j] else "normal"
        axis.text(j, i, text, ha="center", va="center", fontsize=6.5, color=shade, fontweight=weight)


def _short(value: float) -> str:
    """Three digits with a sign, and nothing that looks like a negative 0."""
    text = f"{value:+.3f}".replace("0.", ".", 1).replace("-", "−")
    return ".000" if text[1:] == ".000" else text
