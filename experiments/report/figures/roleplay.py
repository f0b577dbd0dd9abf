"""Persona against country roleplay, question by question."""

import pandas as pd
from matplotlib.axes import Axes

from value_personas.experiments.figures.labels import Name, set_names
from value_personas.experiments.figures.palette import INK, MUTED, looks
from value_personas.experiments.figures.style import COLUMN, SMALL, canvas, key
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate

_NAMED_LOSSES, _NAMED_GAINS = 6, 3
"""Questions furthest above and below the diagonal that are named in the figure."""


def question_errors(material: Material) -> pd.DataFrame:
    """One row a question: its code, nearness to the value items, and both mean errors over countries.

    Only cells count in which both methods have an error.
    """
    main = material.cells(material.main).set_index(["country", "question"])
    other = material.cells(material.baseline).set_index(["country", "question"])
    pairs = main[["near", "normalised_mae"]].join(other["normalised_mae"].rename("baseline")).dropna()
    by_question = pairs.groupby("question", sort=False)
    table = by_question[["baseline", "normalised_mae"]].mean().rename(columns={"normalised_mae": "main"})
    return table.assign(near=by_question["near"].first()).reset_index()


def roleplay_plate(material: Material) -> Plate | None:
    """A point a question; None where there is nothing to compare with."""
    if material.main == material.baseline:
        return None
    table = question_errors(material)
    if table.empty:  # no cell has an error in both
        return None
    look = looks(material.methods)[material.main]
    figure = canvas(COLUMN, COLUMN + 0.35, material.stamp)
    axis = figure.subplots()
    top = 1.06 * float(table[["baseline", "main"]].max().max())
    axis.plot([0, top], [0, top], color=INK, linewidth=0.8, label="as far off")
    for near, label in ((False, "far from the value items"), (True, "near them")):
        points = table[table["near"] == near]
        face = "none" if near else look.colour
        axis.scatter(
            points["baseline"], points["main"], s=18, facecolors=face, edgecolors=look.colour, label=label
        )
    axis.set(xlim=(0, top), ylim=(0, top), aspect="equal")
    axis.set_xlabel(f"error of {material.baseline}")
    axis.set_ylabel(f"error of {material.main}")
    axis.tick_params(color=MUTED)
    key(figure, list(zip(*axis.get_legend_handles_labels(), strict=True)))
    named = _name_some(axis, table)
    better = int((table["main"] < table["baseline"]).sum())
    return Plate(
        "roleplay",
        figure,
        f"Each point is a question, its error averaged over countries. Below the diagonal {material.main} "
        f"is closer to the people than {material.baseline}: {better} of {len(table)} questions. "
        f"{material.questions_told(named)}",
        f"Scatter of question errors: {better} of {len(table)} questions lie below the diagonal.",
    )


def _name_some(axis: Axes, table: pd.DataFrame) -> tuple[str, ...]:
    """Name the questions furthest from the diagonal; their codes."""
    gap = table["main"] - table["baseline"]
    losses, gains = gap[gap > 0].nlargest(_NAMED_LOSSES), gap[gap < 0].nsmallest(_NAMED_GAINS)
    chosen = table.loc[losses.index.append(gains.index)]
    names = [
        Name(str(row["question"]), float(row["baseline"]), float(row["main"]))
        for row in chosen.to_dict("records")
    ]
    set_names(axis, names, table[["baseline", "main"]].to_numpy(), size=SMALL)
    return tuple(chosen["question"])
