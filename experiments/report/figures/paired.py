"""Paired comparisons: each method's error minus the baseline's, on the same cells."""

import pandas as pd

from value_personas.experiments.figures.by_row import difference_figure
from value_personas.experiments.figures.palette import looks
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate
from value_personas.experiments.scoring import heading


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
    level = round(100 * material.run.recipe.scoring.level)
    better = int((rows[rows["score"] == rows["score"].iloc[0]]["upper"] < 0).sum())
    return Plate(
        "paired",
        difference_figure(
            rows.rename(columns={"method": "label"}),
            looks(material.methods),
            material.baseline,
            material.stamp,
        ),
        f"Differences from {material.baseline}, cell by cell; left of the line the method is better. "
        f"{_lines(material, level)}",
        f"Paired differences from {material.baseline} with intervals: {better} methods are better beyond "
        f"their interval on {heading(str(rows['score'].iloc[0]))}.",
    )


def _lines(material: Material, level: int) -> str:
    if len(material.countries) == 1:
        return f"Lines are {level} % intervals over questions."
    units = "cultural zones" if material.zoned else "countries"
    return f"Lines are {level} % intervals over {units} and questions."
