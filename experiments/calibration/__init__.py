"""Fitting a calibration to stored answers, applying it, and showing what it did."""

from value_personas.experiments.evaluation.answers import StoredPanel, TrainingPanel
from value_personas.experiments.recipe.calibration import SearchSettings
from value_personas.programs.calibration import FittedCalibration, Setting

__all__ = ["FittedCalibration", "SearchSettings", "Setting", "StoredPanel", "TrainingPanel"]
