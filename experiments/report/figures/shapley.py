"""What each value item adds to the error or takes from it, by country and over all."""

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from value_personas.data import drawable
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.palette import (
    DARK_ON_TILE,
    INK,
    LIGHT_ON_TILE,
    TILES,
    looks,
)
from value_personas.experiments.report.plate import (
    COLUMN,
    FULL,
    Plate,
    canvas,
    row_height,
)
from value_personas.experiments.scoring import heading
from value_personas.experiments.shapley.tables import ALL

__all__ = ["shapley_plates"]

_WRITTEN = 20
"""With more countries than this the tiles bear no figures."""


def shapley_plates(material: Material) -> tuple[Plate, ...]:
    """Bars over all countries, and tiles of items × countries, of the first score that was computed."""
    if material.shapley is None or material.shapley.values.empty:
        return ()
    values, record = material.shapley.values, material.shapley.record
    score = str(values["score"].iloc[0])
    rows = values[values["score"] == score]
    stamp = material.stamp_beside(record.synthetic, record.leaks)
    parts = (_bars(material, rows, score, stamp), _tiles(material, rows, score, stamp))
    return tuple(plate for plate in parts if plate is not None)


def _label(rows: pd.DataFrame) -> dict[str, str]:
    """Player → its name where a figure can write it."""
    named = rows.drop_duplicates("player")
    return {str(p): drawable([str(n), str(p)]) for p, n in zip(named["player"], named["name"], strict=True)}


def _bars(material: Material, rows: pd.DataFrame, score: str, stamp: str) -> Plate | None:
    over_all = rows[rows["country"] == ALL].sort_values("value")
    if over_all.empty:
        return None
    names = [_label(rows)[str(player)] for player in over_all["player"]]
    figure = canvas(COLUMN, 0.21 * len(over_all) + 0.75, stamp)
    axis = figure.subplots()
    places = np.arange(len(over_all))
    colour = looks(material.methods)[material.main].colour
    axis.barh(places, over_all["value"], height=0.62, color=colour)
    axis.hlines(places, over_all["lower"], over_all["upper"], color=INK, linewidth=1.0)
    axis.axvline(0.0, color=INK, linewidth=0.8)
    axis.set_yticks(places, names)
    axis.set_ylim(len(over_all) - 0.4, -0.6)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    axis.set_xlabel(f"Shapley value ({heading(score)})")
    level = round(100 * material.run.recipe.scoring.level)
    helps = int((over_all["upper"] < 0).sum())
    return Plate(
        "shapley-bars",
        figure,
        "What each item adds to the error, averaged over orders in which items may be told; to the left it "
        f"lowers the error. All together change it by {_signed(over_all['value'].sum())}. Lines are "
        f"{level} % intervals: {helps} of {len(over_all)} items help beyond theirs.",
        "Bars of the items' Shapley values: "
        + "; ".join(f"{n} {v:+.3f}" for n, v in zip(names, over_all["value"], strict=True)),
    )


def _tiles(material: Material, rows: pd.DataFrame, score: str, stamp: str) -> Plate | None:
    by_country = rows[rows["country"] != ALL]
    if by_country.empty:
        return None
    table = by_country.pivot_table(index="country", columns="player", values="value", sort=False)
    table = table.loc[table.sum(axis=1).sort_values().index, table.mean().sort_values().index]
    figure = canvas(FULL, row_height(len(table)) * len(table) + 1.5, stamp)
    axis = figure.subplots()
    top = float(np.nanmax(np.abs(table.to_numpy()))) or 1.0
    tiles = axis.pcolormesh(
        table.to_numpy(), cmap=TILES, vmin=-top, vmax=top, edgecolors="face", linewidth=0.1
    )
    if len(table) <= _WRITTEN:
        _write(axis, table, top)
    names = _label(rows)
    axis.set_xticks(
        np.arange(table.shape[1]) + 0.5, [names[str(p)] for p in table.columns], rotation=35, ha="right"
    )
    countries = [drawable([material.country_name(str(c)), str(c)]) for c in table.index]
    axis.set_yticks(np.arange(len(table)) + 0.5, countries)
    axis.invert_yaxis()
    axis.tick_params(length=0)
    axis.spines[["left", "bottom"]].set_visible(False)
    figure.colorbar(
        tiles, ax=axis, shrink=0.8, pad=0.01, aspect=30, label=f"Shapley value\n({heading(score)})"
    )
    return Plate(
        "shapley",
        figure,
        "Items × countries: purple tiles are items that lower the error there, orange ones raise it; "
        "figures are in hundredths. Countries are sorted by what all items together gain, most first.",
        f"Heat map of Shapley values of {table.shape[1]} items in {len(table)} countries.",
        wide=True,
    )


def _write(axis: Axes, table: pd.DataFrame, top: float) -> None:
    for (row, column), value in np.ndenumerate(table.to_numpy()):
        if not np.isnan(value):
            ink = LIGHT_ON_TILE if abs(value) > 0.5 * top else DARK_ON_TILE
            axis.text(
                column + 0.5,
                row + 0.5,
                f"{100 * value:.1f}".replace("-", "−"),
                ha="center",
                va="center",
                fontsize=6,
                color=ink,
            )


def _signed(value: float) -> str:
    return f"{value:+.3f}".replace("-", "−")
