"""Widening answer distributions: the mean-preserving tilt and what it is compared with."""

from programs.calibration.tilt import tilt

__all__ = ["tilt"]
