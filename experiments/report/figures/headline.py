"""The headline: every method's scores with their intervals, and the human sample's own noise beside them."""

from matplotlib.axes import Axes

from value_personas.experiments.report.material import Material
from value_personas.experiments.report.palette import FAINT, INK, MUTED, looks
from value_personas.experiments.report.plate import FULL, Plate, canvas
from value_personas.experiments.scoring import SCORES
from value_personas.experiments.scoring.digits import three_digits

__all__ = ["headline_plate"]

_SHOWN = ("normalised_mae", "wasserstein", "variance_ratio")


def headline_plate(material: Material) -> Plate:
    """Three scores side by side, a row for each method."""
    methods = material.methods
    figure = canvas(FULL, 0.21 * len(methods) + 0.95, material.stamp)
    axes = figure.subplots(1, len(_SHOWN), sharey=True)
    for axis, name in zip(axes, _SHOWN, strict=True):
        _panel(axis, material, name)
    axes[0].set_yticks(range(len(methods)), methods)
    axes[0].set_ylim(len(methods) - 0.4, -0.6)
    level = round(100 * material.run.recipe.scoring.level)
    return Plate(
        "headline",
        figure,
        f"Each method’s mean over cells with its {level} % interval. In the first two panels further left "
        "is better, and nothing is to be read as better than the dashed line, the human sample’s own noise "
        "floor; in the third, 1 is the spread of people’s answers.",
        "Mean error, Wasserstein distance and variance ratio of each method with intervals: "
        + "; ".join(f"{m} {three_digits(material.score(m, 'normalised_mae')['mean'])}" for m in methods),
        wide=True,
    )


def _panel(axis: Axes, material: Material, name: str) -> None:
    look = looks(material.methods)
    floor = float(material.run.floor[name])
    ratio = name == "variance_ratio"
    axis.axvline(1.0 if ratio else floor, color=INK, linewidth=0.9, linestyle=(0, (4, 2)))
    for row, method in enumerate(material.methods):
        axis.axhline(row, color=FAINT, linewidth=0.4, zorder=0)
        found = material.score(method, name)
        axis.plot([found["lower"], found["upper"]], [row, row], color=look[method].colour, linewidth=1.4)
        axis.plot(found["mean"], row, look[method].marker, color=look[method].colour, markersize=4.5)
    axis.set_title(SCORES[name].heading, loc="left")
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
    if ratio:
        axis.set_xlim(left=0.0)
        axis.set_xlabel("of people’s variance", color=MUTED)
    else:
        axis.set_xlim(left=0.0)
        axis.set_xlabel("share of the scale", color=MUTED)
