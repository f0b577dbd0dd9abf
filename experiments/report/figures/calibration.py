"""What calibration can do at any temperature, and what it cannot."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from matplotlib.axes import Axes

from value_personas.experiments.calibration.before_after import variance_limit
from value_personas.experiments.evaluation.answers import Answers, score_panel
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.experiments.figures.palette import INK, MUTED, looks
from value_personas.experiments.figures.style import FULL, beside, canvas, key
from value_personas.experiments.report.material import Material
from value_personas.experiments.report.plate import Plate
from value_personas.experiments.scoring import SCORES, Cells
from value_personas.programs.calibration import Level, Setting
from value_personas.signatures import Array

TEMPERATURES = (1.0, 1.25, 1.5, 2.0, 2.5, 3.0, 4.0, 6.0, 9.0, 14.0)
LEVELS: tuple[Level, ...] = ("persona", "population")
_STROKES = {"persona": "-", "population": (0, (5, 2))}


@dataclass(frozen=True, slots=True)
class CalibrationCurve:
    """The stored answers of one kind, tilted.

    Attributes:
        points: columns level, temperature, wasserstein (mean over cells), variance_ratio (median).
        beyond: columns level, options, cells, beyond: how many cells there are of a scale length, and the
            share whose human variance lies above the maximum-entropy limit, out of a tilt's reach.
        limits: level → median over cells of that limit as a share of the human variance.
    """

    points: pd.DataFrame
    beyond: pd.DataFrame
    limits: Mapping[Level, float]


def calibration_curve(panel: Answers, temperatures: Sequence[float] = TEMPERATURES) -> CalibrationCurve:
    """Tilt stored answers at each temperature, each persona's and the population's average."""
    cells = Cells.check(panel.human, panel.human, panel.scores, panel.mask)
    human = cells.variance(cells.human)
    estimates, limits_of = _tilted(panel, temperatures)
    points, beyond = [], []
    limits: dict[Level, float] = {}
    for level in LEVELS:
        limit = limits_of[level]
        known = ~np.isnan(limit) & (human > 0.0)
        limits[level] = SCORES["variance_ratio"].average(limit[known] / human[known])
        for k in np.unique(panel.lengths):
            of_length = known & (panel.lengths == k)
            share = float((human > limit)[of_length].mean()) if of_length.any() else float("nan")
            beyond.append({"level": level, "options": int(k), "cells": int(of_length.sum()), "beyond": share})
        for temperature in temperatures:
            judged = _judged(panel, estimates[level, temperature])
            points.append({"level": level, "temperature": temperature, **judged})
    return CalibrationCurve(pd.DataFrame(points), pd.DataFrame(beyond), limits)


_TOGETHER = 8
"""Questions whose answers are laid out at a time: of all, they take several times the memory of the panel."""


def _tilted(
    panel: Answers, temperatures: Sequence[float]
) -> tuple[dict[tuple[Level, float], Array], dict[Level, Array]]:
    """Level and temperature → estimates (C, M, K); level → what no temperature exceeds, (C, M)."""
    estimates: dict[tuple[Level, float], list[Array]] = {}
    limits: dict[Level, list[Array]] = {}
    for first in range(0, len(panel.questions), _TOGETHER):
        some = panel.part(panel.countries, panel.questions[first : first + _TOGETHER])
        prepared = Prepared(some, keep=True)
        for level in LEVELS:
            limits.setdefault(level, []).append(variance_limit(prepared, Setting(level=level)))
            for temperature in temperatures:
                setting = Setting(method="tilt", level=level, strength={"all": temperature})
                estimates.setdefault((level, temperature), []).append(prepared.estimate(setting))
    return (
        {key: np.concatenate(parts, axis=1) for key, parts in estimates.items()},
        {level: np.concatenate(parts, axis=1) for level, parts in limits.items()},
    )


def _judged(panel: Answers, estimate: Array) -> dict[str, float]:
    scores = score_panel(panel, estimate, ("wasserstein", "variance_ratio"))
    return {name: SCORES[name].average(values) for name, values in scores.items()}


def calibration_plate(material: Material, curve: CalibrationCurve) -> Plate:
    """Variance ratio and Wasserstein distance against the temperature, at both levels."""
    columns = beside(2, 3.0)
    figure = canvas(FULL, 2.2 * (2 // columns) + 0.85, material.stamp)
    ratio, distance = figure.subplots(2 // columns, columns, squeeze=False).ravel()
    look = looks(material.methods)[material.main]
    for axis, column in ((ratio, "variance_ratio"), (distance, "wasserstein")):
        for level in LEVELS:
            rows = curve.points[curve.points["level"] == level]
            axis.plot(
                rows["temperature"], rows[column], color=look.colour, linestyle=_STROKES[level],
                label=f"tilt at {level} level",
            )  # fmt: skip
        _temperature_axis(axis, material)
    for level in LEVELS:
        ratio.axhline(
            curve.limits[level], color=MUTED, linewidth=0.8, linestyle=_STROKES[level],
            label=f"where T = ∞ leads, {level} level",
        )  # fmt: skip
    ratio.axhline(1.0, color=INK, linewidth=0.8, label="people; of the distance: their noise floor")
    floor = float(material.run.floor["wasserstein"])
    distance.axhline(floor, color=INK, linewidth=0.8)
    ratio.set_title("variance, as a share of people’s", loc="left")
    distance.set_title("Wasserstein distance", loc="left")
    ratio.set_ylim(bottom=0.0)
    distance.set_ylim(bottom=0.0)
    key(figure, list(zip(*ratio.get_legend_handles_labels(), strict=True)))
    return Plate(
        "calibration",
        figure,
        f"The answers of {material.main} tilted at every temperature T, on all cells. Answers with "
        "one peak never pass the variance that an infinite T leads to. A T read off "
        "here is fitted on these very cells and may not be called "
        "held-out.",
        "Variance ratio and Wasserstein distance against temperature; limits: "
        + "; ".join(f"{level} level {limit:.2f}" for level, limit in curve.limits.items()),
    )


def _temperature_axis(axis: Axes, material: Material) -> None:
    axis.set_xscale("log")
    ticks = [1, 2, 4, 8]
    axis.set_xticks(ticks, [str(tick) for tick in ticks])
    axis.minorticks_off()
    axis.set_xlabel("temperature T")
    strength = material.calibration.strength if material.calibrated else {}
    if material.calibration.method == "tilt" and list(strength) == ["all"]:
        axis.axvline(
            strength["all"], color=MUTED, linewidth=1.2, linestyle=":", zorder=0,
            label=f"the recipe’s T, {strength['all']:g}",
        )  # fmt: skip
