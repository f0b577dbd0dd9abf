"""Answers → one population estimate for each row of the result."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from experiments.asking import Asked
from experiments.config import PersonaKind, Recipe
from programs.calibration import tilt
from programs.panel import PanelResult
from programs.population import PopulationEstimate, estimate_populations

__all__ = ["Method", "predict"]


@dataclass(frozen=True, slots=True)
class Method:
    """One way of predicting.

    Attributes:
        name: as it stands in tables, for example ``values-hedged + calibrated``.
        kind: the persona kind it rests on.
        calibrated: whether the answers' spread was widened.
        estimate: what it predicts.
    """

    name: str
    kind: PersonaKind
    calibrated: bool
    estimate: PopulationEstimate


def predict(recipe: Recipe, asked: Asked) -> tuple[Method, ...]:
    """The estimate of each persona kind, uncalibrated, then calibrated where the recipe says so."""
    methods = []
    for kind, panel in asked.panels.items():
        methods.append(Method(kind, kind, False, _estimate(recipe, panel, panel.log_p)))
        if kind in recipe.calibration.kinds:
            widened = calibrate_answers(panel, recipe.calibration.temperature)
            methods.append(Method(f"{kind} + calibrated", kind, True, _estimate(recipe, panel, widened)))
    return tuple(methods)


def calibrate_answers(panel: PanelResult, temperature: float) -> NDArray[np.float64]:
    """Tilt every persona's answers, each keeping its own mean.

    Returns:
        Log-probabilities of the shape and with the gaps of ``panel.log_p``.
    """
    widened = panel.log_p.copy()
    for column, question in enumerate(panel.questions):
        answered = panel.missing[:, column] < 0
        answers = widened[answered, column, : len(question.scale)]
        with np.errstate(divide="ignore"):
            tilted = np.log(tilt(np.exp(answers), question.scale.values, temperature))
        widened[answered, column, : len(question.scale)] = tilted
    return widened


def _estimate(recipe: Recipe, panel: PanelResult, log_p: NDArray[np.float64]) -> PopulationEstimate:
    return estimate_populations(panel.personas, panel.questions, log_p, recipe.respondent.max_missing)
