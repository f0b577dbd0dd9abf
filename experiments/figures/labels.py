"""Names beside points, set where they hide neither a point nor each other."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from value_personas.experiments.figures.palette import MUTED
from value_personas.experiments.figures.style import settle
from value_personas.signatures import Array

_POINTS_AN_INCH = 72.0
_LETTER, _LINE = 0.58, 1.05
"""The width of a letter and the height of a line, as shares of the type's size."""

_RADIUS = 3.0
"""Of a point, and the distance of its name from it, in points."""

_SIDES = ((1, 0), (-1, 0), (0, 1), (0, -1), (1, 1), (-1, 1), (1, -1), (-1, -1))
_AWAY = (1.0, 3.0, 5.0, 8.0)
"""Distances of a name from its point, in units of the nearest; from the second on a stroke leads there."""


@dataclass(frozen=True, slots=True)
class Name:
    """What is written beside a point.

    Attributes:
        text: a short line.
        x: of the point, in data.
        y: of the point, in data.
    """

    text: str
    x: float
    y: float


def set_names(axis: Axes, names: Sequence[Name], points: Array, size: float, must: bool = False) -> None:
    """Write each name on the side of its point where it overlaps least, and near; the first choose first.

    The figure is laid out by this.

    Args:
        axis: with all else drawn and its limits final.
        names: what is written.
        points: shape (n, 2), everything that must stay visible, in data.
        size: of the type, in points.
        must: whether a name without a free side is written all the same; left out otherwise.
    """
    figure = axis.figure
    assert isinstance(figure, Figure)
    settle(figure)  # only then are places on the paper known
    axis.apply_aspect()
    scale = _POINTS_AN_INCH / figure.dpi  # from pixels to points
    taken = _boxes_of_points(axis.transData.transform(points) * scale)
    frame = np.asarray(axis.get_window_extent().extents) * scale
    for name in names:
        place = axis.transData.transform((name.x, name.y)) * scale
        ways = [(x * away, y * away) for away in _AWAY for x, y in _SIDES]
        choices = np.array([_box(place, way, name.text, size) for way in ways])
        outside = _area(choices) - _overlaps(choices, frame[None])[:, 0]
        costs = _overlaps(choices, taken).sum(axis=1) + outside
        best = int(np.argmin(costs))
        if costs[best] > 0.0 and not must:
            continue
        taken = np.vstack([taken, choices[best]])
        _write(axis, name, ways[best], size)


def _write(axis: Axes, name: Name, way: tuple[float, float], size: float) -> None:
    x, y = way
    far = max(abs(x), abs(y)) > 1.0
    axis.annotate(
        name.text,
        (name.x, name.y),
        xytext=(x * (_RADIUS + 1), y * (_RADIUS + 1)),
        textcoords="offset points",
        ha="center" if x == 0.0 else "left" if x > 0.0 else "right",
        va="center" if y == 0.0 else "bottom" if y > 0.0 else "top",
        arrowprops={"arrowstyle": "-", "color": MUTED, "linewidth": 0.4, "shrinkA": 0.0} if far else None,
        fontsize=size,
        zorder=6,
    )


def _box(place: Array, way: tuple[float, float], text: str, size: float) -> Array:
    """Left, bottom, right, top of a name, in points."""
    wide, high = _LETTER * size * len(text), _LINE * size
    centre = place + np.array(way) * (_RADIUS + 1) + np.sign(way) * np.array([wide, high]) / 2
    half = np.array([wide, high]) / 2
    return np.concatenate([centre - half, centre + half])


def _boxes_of_points(places: Array) -> Array:
    return np.hstack([places - _RADIUS, places + _RADIUS])


def _area(boxes: Array) -> Array:
    return np.asarray(np.prod(boxes[:, 2:] - boxes[:, :2], axis=1))


def _overlaps(some: Array, others: Array) -> Array:
    """The area that each of some boxes, shape (n, 4), shares with each of others, (m, 4): shape (n, m)."""
    upper = np.minimum(some[:, None, 2:], others[None, :, 2:])
    lower = np.maximum(some[:, None, :2], others[None, :, :2])
    return np.asarray(np.prod(np.clip(upper - lower, 0.0, None), axis=2))
