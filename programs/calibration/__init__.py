"""Widening answer distributions: the mean-preserving tilt and what it is compared with."""

from value_personas.programs.calibration.dirichlet import fit_dirichlet
from value_personas.programs.calibration.distributions import Distributions
from value_personas.programs.calibration.maximum_entropy import end_point_law, maximum_entropy_law, variance
from value_personas.programs.calibration.methods import (
    Calibrator,
    DirichletCalibration,
    EndPointMix,
    MaximumEntropyMix,
    PlainTemperature,
    PooledShape,
    Tilt,
    Uncalibrated,
    UniformShrinkage,
    calibrate,
    pool_shape,
)
from value_personas.programs.calibration.setting import (
    METHODS,
    DirichletMap,
    FittedCalibration,
    Grouping,
    Level,
    MethodName,
    Setting,
    build_calibrator,
    group_names,
)
from value_personas.programs.calibration.smoothing import smooth
from value_personas.programs.calibration.tilt import tilt

__all__ = [
    "METHODS",
    "Calibrator",
    "DirichletCalibration",
    "DirichletMap",
    "Distributions",
    "EndPointMix",
    "FittedCalibration",
    "Grouping",
    "Level",
    "MaximumEntropyMix",
    "MethodName",
    "PlainTemperature",
    "PooledShape",
    "Setting",
    "Tilt",
    "Uncalibrated",
    "UniformShrinkage",
    "build_calibrator",
    "calibrate",
    "end_point_law",
    "fit_dirichlet",
    "group_names",
    "maximum_entropy_law",
    "pool_shape",
    "smooth",
    "tilt",
    "variance",
]
