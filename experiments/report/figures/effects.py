"""How far answers move with the order of options and with the wording of the instruction."""

import numpy as np

from value_personas.experiments.figures.palette import INK, MUTED, looks
from value_personas.experiments.figures.style import COLUMN, canvas, key
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate

_EFFECTS = (("order_effect", "order of options", "order"), ("wording_spread", "wording", "wording"))


def effect_plates(material: Material) -> tuple[Plate, ...]:
    """A figure for each effect that the run could measure."""
    plates = (_plate(material, *effect) for effect in _EFFECTS)
    return tuple(plate for plate in plates if plate is not None)


def _plate(material: Material, column: str, what: str, name: str) -> Plate | None:
    known = material.asking.dropna(subset=[column])
    if known.empty:
        return None
    kinds = [kind for kind in material.kinds if (known["personas"] == kind).any()]
    figure = canvas(COLUMN, 0.24 * len(kinds) + 0.95, material.stamp)
    axis = figure.subplots()
    means = {}
    for row, kind in enumerate(kinds):
        values = known[known["personas"] == kind][column].to_numpy(np.float64)
        means[kind] = float(values.mean())
        look = looks(material.methods)[kind]
        axis.plot(values, np.full(len(values), row), look.marker, color=look.colour, markersize=3, alpha=0.45)
        axis.plot([means[kind]] * 2, [row - 0.32, row + 0.32], color=INK, linewidth=1.2)
    axis.set_yticks(range(len(kinds)), kinds)
    axis.set_ylim(len(kinds) - 0.4, -0.6)
    axis.set_xlim(left=0.0)
    axis.tick_params(axis="y", length=0)
    axis.set_xlabel("total variation between answers", color=MUTED)
    sign, stroke = axis.lines[:2]
    key(figure, [(sign, "a question"), (stroke, "mean over questions")])
    return Plate(
        f"effect-{name}",
        figure,
        f"How far answers move with the {what}: a sign for each question, an upright stroke at the mean. 0 "
        "would be a respondent that the form of the question does not touch.",
        f"Movement with the {what}: " + "; ".join(f"{kind} {mean:.3f}" for kind, mean in means.items()),
    )
