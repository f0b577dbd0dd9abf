"""Answers, or averages of them, widened without moving a mean."""

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from programs.calibration import tilt
from programs.panel import PanelResult
from programs.population import PopulationEstimate

__all__ = ["calibrate_answers", "calibrate_estimate"]


def calibrate_answers(panel: PanelResult, temperature: float) -> NDArray[np.float64]:
    """Tilt every persona's answers, each keeping its own mean.

    Returns:
        Log-probabilities of the shape and with the gaps of ``panel.log_p``.
    """
    widened = panel.log_p.copy()
    for column, question in enumerate(panel.questions):
        answered = panel.missing[:, column] < 0
        answers = widened[answered, column, : len(question.scale)]
        tilted = tilt(answers, question.scale.values, temperature, log=True)
        widened[answered, column, : len(question.scale)] = tilted
    return widened


def calibrate_estimate(estimate: PopulationEstimate, temperature: float) -> PopulationEstimate:
    """Tilt every population's average, each keeping its own mean.

    The personas' means stay as they were answered, so all variance that is added counts as within personas.
    Where a population is of two minds its average is wider than the tilt makes it; then the part within can
    fall below zero, and the sum alone has a meaning.
    """
    p, within = estimate.probabilities.copy(), estimate.variance_within.copy()
    for column, question in enumerate(estimate.questions):
        r, options = question.scale.values, len(question.scale)
        known = ~np.isnan(p[:, column, 0])
        tilted = tilt(p[known, column, :options], r, temperature)
        p[known, column, :options] = tilted
        total = tilted @ r**2 - (tilted @ r) ** 2
        within[known, column] = total - estimate.variance_between[known, column]
    return replace(estimate, probabilities=p, variance_within=within)
