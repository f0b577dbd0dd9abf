"""What a respondent makes of a combination of values that no sum over single values tells."""

import math
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b
from operator import mul

import numpy as np

from value_personas.programs.engines.synthetic.lexicon import Belief, load_lexicon

_FREQUENCY = 4.0
"""Standard deviation of a wave's direction on each item: persons of one country lie several waves apart."""

_TYPICAL_DEVIATION = 0.3
"""Of an item among people, in unit coordinates."""


def combined(belief: Belief, values: Mapping[str, float]) -> float:
    """√2·s·sin(φ + r·x): a smooth wave over all items x, its direction r and phase φ the question's own.

    s = 0.3·√Σb² is about the standard deviation of what the question's loadings b make of single items, and
    the wave has next to no linear part. So a times the wave leaves a linear R² of about 1 / (1 + a²).

    Args:
        belief: the question.
        values: item code → position in [0, 1], every item, in the order of the lexicon.
    """
    amplitude, phase, direction = _wave(belief.code, tuple(belief.loadings.values()))
    return amplitude * math.sin(phase + sum(map(mul, direction, values.values())))


@cache
def _wave(code: str, loadings: tuple[float, ...]) -> tuple[float, float, tuple[float, ...]]:
    rng = np.random.default_rng(int.from_bytes(blake2b(code.encode(), digest_size=8).digest(), "big"))
    direction = _FREQUENCY * rng.standard_normal(len(load_lexicon().items))
    amplitude = math.sqrt(2.0) * _TYPICAL_DEVIATION * math.hypot(*loadings)
    return amplitude, 2.0 * math.pi * rng.random(), tuple(direction.tolist())
