"""The headline: every method's scores with their intervals, and the human sample's own noise beside them."""

import pandas as pd

from value_personas.experiments.figures.by_row import means_figure
from value_personas.experiments.figures.palette import looks
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate
from value_personas.experiments.scoring import directions, heading, leading_scores
from value_personas.experiments.scoring.digits import three_digits


def headline_plate(material: Material) -> Plate:
    """The leading scores side by side, a row for each method."""
    methods = material.methods
    shown = [name for name in leading_scores() if name in material.scores]
    rows = pd.DataFrame(
        {"score": name, "label": method, **material.score(method, name)}
        for name in shown
        for method in methods
    )
    level = round(100 * material.run.recipe.scoring.level)
    intervals = f" with its {level} % interval" if material.run.has_intervals else ""
    floor = {name: float(material.run.floor[name]) for name in shown}
    return Plate(
        "headline",
        means_figure(rows, looks(methods), floor, level, material.stamp),
        f"Each method’s mean over cells{intervals}; {directions(shown)}. Nothing is to be read as better "
        "than the human sample’s own noise floor.",
        f"{', '.join(map(heading, shown))} of each method{' with intervals' if intervals else ''}: "
        + "; ".join(f"{m} {three_digits(material.score(m, 'normalised_mae')['mean'])}" for m in methods),
    )
