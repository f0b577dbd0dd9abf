"""Fitting a calibration to stored answers, applying it, and showing what it did."""

from experiments.calibration.panel import StoredPanel, TrainingPanel
from experiments.calibration.setting import FittedCalibration, Setting
from experiments.calibration.settings import SearchSettings

__all__ = ["FittedCalibration", "SearchSettings", "Setting", "StoredPanel", "TrainingPanel"]
