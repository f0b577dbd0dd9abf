"""A panel's answers, each widened without moving its mean."""

import numpy as np
from numpy.typing import NDArray

from programs.calibration import tilt
from programs.panel import PanelResult

__all__ = ["calibrate_answers"]


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
