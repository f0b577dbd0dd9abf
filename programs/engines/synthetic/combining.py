"""What a respondent makes of a combination of values that no sum over single values tells."""

import math
from collections.abc import Mapping
from functools import cache
from hashlib import blake2b

import numpy as np

from value_personas.programs.engines.synthetic.lexicon import Belief, load_lexicon

_FREQUENCY = 2.8
"""Standard deviation of a wave's direction on an item, of an amount of 1."""

_TYPICAL_DEVIATION = 0.3
"""Of an item among people, in unit coordinates."""


def combined(belief: Belief, values: Mapping[str, float], amount: float) -> float:
    """a·√2·s·sin(φ + a²·r·x): a wave over two of the items x; its direction r and phase φ are the question's.

    s = 0.3·√Σb² is about the standard deviation of what the question's loadings b make of single items. The
    larger a is, the shorter are the waves, too: what little combinations do is alike among people who are
    near each other, what they do much of is not.

    Args:
        belief: the question.
        values: item code → position in [0, 1].
        amount: a.
    """
    amplitude, phase, direction = _wave(belief.code, tuple(belief.loadings.values()))
    along = math.fsum(slope * values[item] for item, slope in direction)
    return amount * amplitude * math.sin(phase + amount**2 * along)


@cache
def _wave(code: str, loadings: tuple[float, ...]) -> tuple[float, float, tuple[tuple[str, float], ...]]:
    rng = np.random.default_rng(int.from_bytes(blake2b(code.encode(), digest_size=8).digest(), "big"))
    items = tuple(load_lexicon().items)
    slopes = dict(zip(items, _FREQUENCY * rng.standard_normal(len(items)), strict=True))
    two = sorted(slopes, key=lambda item: -abs(slopes[item]))[:2]
    amplitude = math.sqrt(2.0) * _TYPICAL_DEVIATION * math.hypot(*loadings)
    return amplitude, 2.0 * math.pi * rng.random(), tuple((item, float(slopes[item])) for item in two)
