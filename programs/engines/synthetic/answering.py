"""The law of an answer, given where the respondent believes a person stands."""

import math
from collections.abc import Sequence
from functools import lru_cache

import numpy as np

from value_personas.signatures import Array

_LOWEST, _HIGHEST, _STEP = -1.0, 2.0, 0.001
"""Locations that are told apart, in unit coordinates; a scale runs from 0 to 1."""


def answer_law(location: float, positions: Sequence[float], spread: float, sharpness: float) -> list[float]:
    """p_k ∝ exp(−τ(x_k − c)² / 2σ²), with c such that its mean is that of τ = 1, c = u.

    Args:
        location: u; held within [−1, 2].
        positions: x_k in [0, 1], in any order.
        spread: σ > 0, in unit coordinates.
        sharpness: τ ≥ 1.

    Returns:
        One probability a position, summing to 1.
    """
    centre = min(_HIGHEST, max(_LOWEST, location))
    if sharpness > 1.0:
        centre = _interpolate(centre, sharpened_centres(tuple(sorted(positions)), spread, sharpness))
    steepness = -sharpness / (2.0 * spread * spread)
    p = [math.exp(steepness * (x - centre) ** 2) for x in positions]
    total = math.fsum(p)
    if total <= 0.0:  # so sharp that every term underflows: all mass on the nearest option
        nearest = min(positions, key=lambda x: abs(x - centre))
        return [float(x == nearest) for x in positions]
    return [mass / total for mass in p]


@lru_cache(maxsize=1024)
def sharpened_centres(positions: tuple[float, ...], spread: float, sharpness: float) -> tuple[float, ...]:
    """The centre c for each location u = −1, −0.999 … 2, by bisection: the mean rises with the centre."""
    x = np.asarray(positions)
    locations = np.arange(_LOWEST, _HIGHEST + _STEP, _STEP)
    wanted = _means(locations, x, spread, 1.0)
    low, high = np.full_like(locations, _LOWEST - 1.0), np.full_like(locations, _HIGHEST + 1.0)
    for _ in range(40):  # 5 / 2^40: far below what the interpolation between locations loses
        middle = 0.5 * (low + high)
        below = _means(middle, x, spread, sharpness) < wanted
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return tuple((0.5 * (low + high)).tolist())


def _means(centres: Array, x: Array, spread: float, sharpness: float) -> Array:
    exponent = -sharpness * (x - centres[:, None]) ** 2 / (2.0 * spread**2)
    p = np.exp(exponent - exponent.max(axis=1, keepdims=True))
    return np.asarray((p @ x) / p.sum(axis=1))


def _interpolate(location: float, centres: tuple[float, ...]) -> float:
    place = (location - _LOWEST) / _STEP
    i = min(int(place), len(centres) - 2)
    return centres[i] + (place - i) * (centres[i + 1] - centres[i])
