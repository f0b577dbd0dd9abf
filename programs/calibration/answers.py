"""Answers, or averages of them, widened without moving a mean."""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from value_personas.programs.calibration.tilt import tilt
from value_personas.programs.panel import PanelResult
from value_personas.programs.population import PopulationEstimate

__all__ = ["calibrate_answers", "calibrate_estimate", "tilt_answers"]


def calibrate_answers(panel: PanelResult, temperature: float) -> NDArray[np.float64]:
    """Tilt every persona's answers, each keeping its own mean.

    Returns:
        Log-probabilities of the shape and with the gaps of ``panel.log_p``.
    """
    return tilt_answers(panel.log_p, [question.scale.values for question in panel.questions], temperature)


def tilt_answers(
    log_p: NDArray[np.float64], scores: Sequence[NDArray[np.float64]], temperature: float
) -> NDArray[np.float64]:
    """Tilt stored answers, each keeping its own mean.

    Args:
        log_p: shape (..., M, K); NaN throughout a missing answer, and beyond a question's options.
        scores: each question's scores.
        temperature: T > 0.

    Returns:
        The same shape, with the same gaps.
    """
    widened = log_p.copy()
    for m, r in enumerate(scores):
        answers = widened[..., m, : len(r)]
        known = ~np.isnan(answers[..., 0])
        answers[known] = tilt(answers[known], r, temperature, log=True)
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
