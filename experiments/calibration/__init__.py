"""Fitting a calibration to stored answers, applying it, and showing what it did."""

from value_personas.experiments.evaluation.answers import Answers, TrainingAnswers
from value_personas.experiments.recipe.calibration import SearchSettings
from value_personas.programs.calibration import FittedCalibration, Setting

__all__ = ["Answers", "FittedCalibration", "SearchSettings", "Setting", "TrainingAnswers"]
