"""The headline: every method's scores with their intervals, and the human sample's own noise beside them."""

from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.lines import Line2D

from value_personas.experiments.figures.palette import FAINT, INK, MUTED, looks
from value_personas.experiments.figures.style import FULL, beside, canvas, key
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate
from value_personas.experiments.scoring import SCORES, directions, heading, leading_scores
from value_personas.experiments.scoring.digits import three_digits

__all__ = ["headline_plate"]


def headline_plate(material: Material) -> Plate:
    """The leading scores side by side, a row for each method."""
    methods = material.methods
    shown = [name for name in leading_scores() if name in material.scores]
    columns = beside(len(shown), 2.2)
    rows = -(-len(shown) // columns)
    figure = canvas(FULL, (0.21 * len(methods) + 0.7) * rows + 0.45, material.stamp)
    axes = figure.subplots(rows, columns, sharey=True, squeeze=False).ravel()
    for axis, name in zip(axes, shown, strict=False):
        _panel(axis, material, name)
    for axis in axes[len(shown) :]:
        axis.set_visible(False)
    axes[0].set_yticks(range(len(methods)), methods)
    axes[0].set_ylim(len(methods) - 0.4, -0.6)
    level = round(100 * material.run.recipe.scoring.level)
    key(figure, _marks(shown, level))
    return Plate(
        "headline",
        figure,
        f"Each method’s mean over cells with its {level} % interval; {directions(shown)}. Nothing is "
        "to be read as better than the human sample’s own noise floor.",
        f"{', '.join(map(heading, shown))} of each method with intervals: "
        + "; ".join(f"{m} {three_digits(material.score(m, 'normalised_mae')['mean'])}" for m in methods),
    )


_FLOOR: dict[str, Any] = {"color": INK, "linewidth": 0.9, "linestyle": (0, (4, 2))}


def _marks(shown: Sequence[str], level: int) -> list[tuple[Line2D, str]]:
    """What the lines are: the dashed one is the floor, or the target of what has one."""
    targets = [heading(name) for name in shown if SCORES[name].better == "target"]
    line = "noise floor of people’s sample" if len(targets) < len(shown) else ""
    of_target = f"target of the {' and the '.join(targets)}" if targets else ""
    ends = Line2D([], [], color=MUTED, linewidth=1.4)
    return [
        (Line2D([], [], **_FLOOR), "; ".join(part for part in (line, of_target) if part)),
        (ends, f"{level} % interval"),
    ]


def _panel(axis: Axes, material: Material, name: str) -> None:
    look = looks(material.methods)
    score = SCORES[name]
    line = score.best if score.better == "target" else float(material.run.floor[name])
    axis.axvline(line, **_FLOOR)
    for row, method in enumerate(material.methods):
        axis.axhline(row, color=FAINT, linewidth=0.4, zorder=0)
        found = material.score(method, name)
        axis.plot([found["lower"], found["upper"]], [row, row], color=look[method].colour, linewidth=1.4)
        axis.plot(found["mean"], row, look[method].marker, color=look[method].colour, markersize=4.5)
    axis.set_title(score.heading, loc="left")
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    if score.best >= 0.0 and score.better != "higher":
        axis.set_xlim(left=0.0)
    axis.set_xlabel(score.unit, color=MUTED)
