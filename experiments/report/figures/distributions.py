"""Distributions of answers, cell by cell: people, the model as it answered, and calibrated."""

import textwrap
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes

from value_personas.data import drawable, one_line
from value_personas.experiments.figures.palette import FAINT, MUTED, looks
from value_personas.experiments.figures.style import FULL, SMALL, beside, canvas, key
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate

_CELLS = 6
_LETTERS, _LINES, _LONGEST_END = 19.0, 6, 80
"""Of an option's words: letters an inch, lines, and letters in all."""

_OVER = 3
"""Letters by which a word may stand over its line before it is torn."""


def drawn_methods(material: Material) -> tuple[str, ...]:
    """The main kind, and the same calibrated where it was."""
    return (material.main, material.calibrated) if material.calibrated else (material.main,)


def chosen_cells(material: Material) -> list[tuple[str, str]]:
    """Cells evenly spread from the best predicted to the worst, so that none is picked by hand."""
    cells = material.cells(drawn_methods(material)[-1]).dropna(subset=["wasserstein"])
    ranked = cells.sort_values(["wasserstein", "country", "question"])
    if ranked.empty:
        return []
    places = np.unique(np.linspace(0, len(ranked) - 1, _CELLS).round().astype(int))
    return list(ranked.iloc[places][["country", "question"]].itertuples(index=False, name=None))


def distribution_plate(material: Material) -> Plate | None:
    """Six cells; None where no cell has both human and predicted answers."""
    cells = chosen_cells(material)
    if not cells:
        return None
    columns = beside(3, 2.2) if beside(3, 2.2) > 1 else 2  # two have room in any journal's column
    rows = -(-len(cells) // columns)
    figure = canvas(FULL, 1.95 * rows + 0.5, material.stamp)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    letters = int(_LETTERS * (figure.get_figwidth() / columns - 0.5) / 2)
    for axis, (country, question) in zip(axes, cells, strict=False):
        _panel(axis, material, (country, question), letters)
    for axis in axes[len(cells) :]:
        axis.set_visible(False)
    for axis in axes[::columns]:
        axis.set_ylabel("share of answers")
    handles, labels = axes[0].get_legend_handles_labels()  # lines first, then bars
    key(figure, list(zip(handles[-1:] + handles[:-1], labels[-1:] + labels[:-1], strict=True)))
    return Plate(
        "distributions",
        figure,
        "Six cells, evenly spread from the best predicted (first) to the worst (last) by Wasserstein "
        "distance. Bars are people; calibration may widen a prediction but leaves its mean where it is. "
        f"{material.questions_told(tuple(question for _, question in cells))}",
        "Answer distributions of people and predictions in "
        + "; ".join(f"{material.country_name(c)} {q}" for c, q in cells),
    )


def _panel(axis: Axes, material: Material, cell: tuple[str, str], letters: int) -> None:
    country, question = cell
    estimates = material.run.estimates
    here = estimates[(estimates["country"] == country) & (estimates["question"] == question)]
    people = here[here["method"] == material.main]
    k = len(people)
    axis.bar(range(k), people["human"], width=0.85, color=FAINT, label="people")
    for method in drawn_methods(material):
        look = looks(material.methods)[method]
        rows = here[here["method"] == method]
        axis.plot(
            range(k), rows["predicted"], color=look.colour, marker=look.marker, markersize=3.2, linewidth=1.0,
            label=method,
        )  # fmt: skip
    name = drawable([material.country_name(country), country])
    axis.set_title(f"{name} · {question}", loc="left")
    axis.set_ylim(bottom=0.0)
    _name_ends(axis, people["option"].tolist(), letters)


def _name_ends(axis: Axes, options: Sequence[str], letters: int) -> None:
    """Both ends of the scale in words, flush with the bars, a long one in lines."""
    ends = [
        _wrapped(drawable([one_line(o, _LONGEST_END), "…"], _LONGEST_END), letters)
        for o in (options[0], options[-1])
    ]
    axis.set_xticks(range(len(options)), [""] * len(options))
    for place, text, side in ((0.0, ends[0], "left"), (1.0, ends[1], "right")):
        axis.text(
            place, -0.03, text, transform=axis.transAxes, va="top", ha=side, fontsize=SMALL, color=MUTED
        )


def _wrapped(text: str, letters: int) -> str:
    longest = max(map(len, text.split()), default=0)
    return textwrap.fill(text, max(letters, min(longest, letters + _OVER)), max_lines=_LINES, placeholder="…")
