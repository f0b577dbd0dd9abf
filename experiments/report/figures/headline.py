"""The headline: every method's scores with their intervals, and the human sample's own noise beside them."""

from matplotlib.axes import Axes

from value_personas.experiments.figures.palette import FAINT, INK, MUTED, looks
from value_personas.experiments.figures.style import FULL, canvas
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate
from value_personas.experiments.scoring import SCORES, directions, heading, leading_scores
from value_personas.experiments.scoring.digits import three_digits

__all__ = ["headline_plate"]


def headline_plate(material: Material) -> Plate:
    """The leading scores side by side, a row for each method."""
    methods = material.methods
    shown = [name for name in leading_scores() if name in material.scores]
    figure = canvas(FULL, 0.21 * len(methods) + 0.95, material.stamp)
    axes = figure.subplots(1, len(shown), sharey=True)
    for axis, name in zip(axes, shown, strict=True):
        _panel(axis, material, name)
    axes[0].set_yticks(range(len(methods)), methods)
    axes[0].set_ylim(len(methods) - 0.4, -0.6)
    level = round(100 * material.run.recipe.scoring.level)
    return Plate(
        "headline",
        figure,
        f"Each method’s mean over cells with its {level} % interval; {directions(shown)}. The dashed line is "
        "the human sample’s own noise floor, and nothing is to be read as better than it; of what has a "
        "target, it is the target.",
        f"{', '.join(map(heading, shown))} of each method with intervals: "
        + "; ".join(f"{m} {three_digits(material.score(m, 'normalised_mae')['mean'])}" for m in methods),
        wide=True,
    )


def _panel(axis: Axes, material: Material, name: str) -> None:
    look = looks(material.methods)
    score = SCORES[name]
    line = score.best if score.better == "target" else float(material.run.floor[name])
    axis.axvline(line, color=INK, linewidth=0.9, linestyle=(0, (4, 2)))
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
