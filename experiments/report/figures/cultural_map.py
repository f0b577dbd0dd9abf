"""The cultural map: where people lie, and where a model lays them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from value_personas.data import MAP_AXES, drawable, published_map
from value_personas.experiments.evaluation.map_positions import HUMAN, map_distances
from value_personas.experiments.figures.labels import Name, set_names
from value_personas.experiments.figures.palette import FAINT, INK, MUTED, looks
from value_personas.experiments.figures.style import FULL, SMALL, beside, canvas, key, room
from value_personas.experiments.report.figures.countries import shown_methods
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate
from value_personas.signatures import Array

_ALONE = 4.6
"""Inches: the width of a single panel."""

_PANELS = 4
"""Kinds that are drawn; all stand in the table."""

_NAMED = 12
"""With more countries than this their codes are written in place of their names."""


def map_shifts(material: Material) -> dict[str, float]:
    """Method → the mean distance on the map from the people to where the method lays them."""
    assert material.positions is not None
    return {method: float(map_distances(material.positions, method).mean()) for method in _asked(material)}


def map_plate(material: Material) -> Plate | None:
    """A panel for each kind that was asked; people alone where none was. None without human positions."""
    if material.positions is None:
        return None
    asked = _drawn(material) or (HUMAN,)
    columns = beside(min(2, len(asked)), 3.0)
    rows = -(-len(asked) // columns)
    width = room(FULL if columns == 2 else _ALONE)
    figure = canvas(width, rows * _panel_height(material, width / columns) + 0.75, material.stamp)
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False).ravel()
    for axis, method in zip(axes, asked, strict=False):
        _panel(axis, material, method)
    for axis in axes[len(asked) :]:
        axis.set_visible(False)
    for axis in axes[max(len(asked) - columns, 0) : len(asked)]:  # the lowest of each column
        axis.tick_params(labelbottom=True)
        axis.set_xlabel("survival → self-expression")
    for axis in axes[::columns]:
        axis.set_ylabel("traditional → secular")
    key(figure, _marks(asked))
    for axis, method in zip(axes, asked, strict=False):
        human = _of(material.positions, HUMAN)
        _name(axis, material, human, pd.concat([human, _of(material.positions, method)]))
    return Plate("map", figure, _caption(material), _alt(material))


def _marks(asked: Sequence[str]) -> list[tuple[Line2D, str]]:
    def mark(sign: str, **drawn: Any) -> Line2D:
        return Line2D([], [], linestyle="", marker=sign, **drawn)

    people = mark("D", markerfacecolor="none", markeredgecolor=INK, markersize=4.5)
    marks = [(people, "a country’s people"), (mark("o", color=FAINT, markersize=3), "published countries")]
    if asked == (HUMAN,):
        return marks
    return [*marks, (Line2D([], [], color=MUTED, linewidth=0.9), "from people to where the model lays them")]


def _panel_height(material: Material, width: float) -> float:
    """Inches that leave no blank above a panel of equal axes."""
    assert material.positions is not None
    published = pd.DataFrame([[getattr(p, axis) for axis in MAP_AXES] for p in published_map().values()])
    drawn = np.vstack([published, material.positions[list(MAP_AXES)]])
    wide, high = np.ptp(drawn, axis=0)
    return min(5.0, (width - 0.7) * float(high / wide) + 0.45)


def _caption(material: Material) -> str:
    start = "Where a country’s people lie by their own answers, among the published countries."
    if not _asked(material):
        return f"{start} The model was not asked for the ten items; cultural_map.ask = true asks it."
    left_out = len(_asked(material)) - len(_drawn(material))
    more = f" The table tells {left_out} more kinds." if left_out else ""
    return (
        f"{start} A line leads to where the model lays them. A value persona states these answers "
        "itself, so its position tells how faithfully they are carried; without a persona, and by the "
        f"country’s name, it is a prediction. No score rests on these items.{more}"
    )


def _alt(material: Material) -> str:
    shifts = map_shifts(material)
    moved = "; ".join(f"{method} {distance:.2f}" for method, distance in shifts.items())
    return "Cultural map with human positions" + (
        f"; mean distance of the predicted ones: {moved}" if moved else ""
    )


def _asked(material: Material) -> tuple[str, ...]:
    assert material.positions is not None
    return tuple(m for m in dict.fromkeys(material.positions["method"]) if m != HUMAN)


def _drawn(material: Material) -> tuple[str, ...]:
    """The kinds that get a panel: those that the report is about first."""
    asked = _asked(material)
    first = [method for method in shown_methods(material) if method in asked]
    return tuple(dict.fromkeys([*first, *asked]))[:_PANELS]


def _of(positions: pd.DataFrame, method: str) -> pd.DataFrame:
    return positions[positions["method"] == method].set_index("country")[list(MAP_AXES)]


def _panel(axis: Axes, material: Material, method: str) -> None:
    assert material.positions is not None
    published = list(published_map().values())
    axis.scatter(
        [p.survival_self_expression for p in published],
        [p.traditional_secular for p in published],
        s=5, color=FAINT, zorder=1,
    )  # fmt: skip
    human = _of(material.positions, HUMAN)
    size = 22 if len(human) <= _NAMED else 8
    if method != HUMAN:
        look = looks(material.methods)[method]
        both = human.add_suffix("_human").join(_of(material.positions, method), how="inner")
        x, y = MAP_AXES
        axis.plot(
            both[[f"{x}_human", x]].T,
            both[[f"{y}_human", y]].T,
            color=look.colour,
            linewidth=0.03 * size + 0.2,
            zorder=2,
        )
        axis.scatter(both[x], both[y], s=size, color=look.colour, marker=look.marker, zorder=3)
        axis.set_title(f"{method}: mean distance {map_shifts(material)[method]:.2f}", loc="left")
    axis.scatter(
        human[MAP_AXES[0]],
        human[MAP_AXES[1]],
        s=size,
        marker="D",
        facecolors="none",
        edgecolors=INK,
        zorder=4,
    )
    axis.set_aspect("equal")
    axis.tick_params(color=MUTED)


_ALONG = (0.15, 0.3, 0.45, 0.6, 0.75, 0.9)
"""Places on a line that names keep clear of."""


def _lines(human: pd.DataFrame, points: pd.DataFrame) -> list[tuple[Array, Array]]:
    """Both ends of the lines from where people lie to where the model lays them."""
    ends = points.iloc[len(human) :]
    both = human.index.intersection(ends.index)
    return list(zip(human.loc[both].to_numpy(), ends.loc[both].to_numpy(), strict=True))


def _name(axis: Axes, material: Material, human: pd.DataFrame, points: pd.DataFrame) -> None:
    few = len(human) <= _NAMED
    names = [
        Name(drawable([material.country_name(str(code)), str(code)] if few else [str(code)]), *place)
        for code, place in zip(human.index, human.to_numpy(), strict=True)
    ]
    along = [a + (b - a) * share for a, b in _lines(human, points) for share in _ALONG]
    set_names(axis, names, np.vstack([points.to_numpy(), *along]), size=SMALL, must=few)
