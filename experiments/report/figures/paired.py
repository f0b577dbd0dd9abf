"""Paired comparisons: each method's error minus the baseline's, on the same cells."""

import pandas as pd
from matplotlib.axes import Axes

from value_personas.experiments.report.material import Material
from value_personas.experiments.report.palette import FAINT, INK, MUTED, looks
from value_personas.experiments.report.plate import FULL, Plate, canvas
from value_personas.experiments.scoring import heading

__all__ = ["overall_comparisons", "paired_plate"]


def overall_comparisons(material: Material) -> pd.DataFrame:
    """The comparisons with the baseline over all cells, in the order of the tables; empty for one method."""
    table = material.comparisons
    if not len(table):
        return table
    with_baseline = table["against"].isin((material.baseline, ""))  # 0.1.0 did not say
    return table[(table["group"] == "all") & with_baseline]


def paired_plate(material: Material) -> Plate | None:
    """A panel for each compared score; None for a single method."""
    rows = overall_comparisons(material)
    if not len(rows):
        return None
    scores = list(dict.fromkeys(rows["score"]))
    figure = canvas(FULL, 0.21 * rows["method"].nunique() + 0.9, material.stamp)
    axes = figure.subplots(1, len(scores), sharey=True, squeeze=False)[0]
    for axis, score in zip(axes, scores, strict=True):
        _panel(axis, rows[rows["score"] == score], material, score)
    level = round(100 * material.run.recipe.scoring.level)
    better = int((rows[rows["score"] == scores[0]]["upper"] < 0).sum())
    return Plate(
        "paired",
        figure,
        f"Differences from {material.baseline}, cell by cell; left of the line the method is better. "
        f"{_lines(material, level)}",
        f"Paired differences from {material.baseline} with intervals: {better} methods are better beyond "
        f"their interval on {heading(scores[0])}.",
        wide=True,
    )


def _lines(material: Material, level: int) -> str:
    if len(material.countries) == 1:
        return f"Lines are {level} % intervals over questions."
    units = "cultural zones" if material.zoned else "countries"
    return f"Lines are {level} % intervals over {units} and questions."


def _panel(axis: Axes, rows: pd.DataFrame, material: Material, score: str) -> None:
    look = looks(material.methods)
    axis.axvline(0.0, color=INK, linewidth=0.9)
    for place, row in enumerate(rows.to_dict("records")):
        own = look[str(row["method"])]
        axis.axhline(place, color=FAINT, linewidth=0.4, zorder=0)
        axis.plot([row["lower"], row["upper"]], [place, place], color=own.colour, linewidth=2.2)
        axis.plot(row["difference"], place, own.marker, color=own.colour, markersize=4.5)
    axis.set_yticks(range(len(rows)), rows["method"])
    axis.set_ylim(len(rows) - 0.4, -0.6)
    axis.set_title(heading(score), loc="left")
    axis.set_xlabel(f"difference from {material.baseline}", color=MUTED)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)
