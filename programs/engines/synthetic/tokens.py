"""From a law over letters to what a model's decoder would show: a drawn letter, first-token alternatives."""

import math
from collections.abc import Mapping
from operator import itemgetter
from string import ascii_uppercase

REFUSAL = "I'm sorry, but I can't answer as that person."

_REFUSAL_TOKENS = (("I'm", 0.94), ("Sorry", 0.04), ("As", 0.01))
_STRAY_TOKENS = (("The", 0.6), ("It", 0.4))
"""Neither is a letter."""

_VARIANTS = {letter: (f" {letter}", letter.lower()) for letter in ascii_uppercase}
_SPACED, _LOWER, _WITH_VARIANTS = 0.03, 0.01, 3
"""Shares of a letter's probability on " A" and "a"; only of the likeliest: 20 alternatives are told."""


def draw_letter(law: Mapping[str, float], temperature: float | None, chance: float) -> str:
    """One letter: the likeliest at temperature 0, else drawn from p^(1/temperature).

    Args:
        law: letter → probability.
        temperature: 1 when None.
        chance: a number in [0, 1), uniform over requests.
    """
    if temperature == 0.0:
        return max(law, key=lambda letter: law[letter])
    power = 1.0 / (1.0 if temperature is None else temperature)
    masses = {letter: p**power for letter, p in law.items()}
    left = chance * math.fsum(masses.values())
    for letter, mass in masses.items():
        left -= mass
        if left < 0.0:
            return letter
    return max(masses, key=lambda letter: masses[letter])


def first_token_alternatives(
    law: Mapping[str, float], noise: float, refused: bool, top: int
) -> tuple[tuple[str, float], ...]:
    """The likeliest first tokens with their natural-log probabilities, most likely first.

    Args:
        law: letter → probability.
        noise: the share that lies on no letter, in [0, 1).
        refused: whether a refusal begins instead.
        top: how many alternatives are reported.
    """
    stray = _REFUSAL_TOKENS if refused else [(token, noise * share) for token, share in _STRAY_TOKENS]
    left = 1.0 - math.fsum([p for _, p in stray])
    tokens = list(stray)
    likeliest = sorted(law, key=law.__getitem__, reverse=True)[:_WITH_VARIANTS]
    for letter, p in law.items():
        mass = p * left
        if letter in likeliest:
            spaced, lower = _VARIANTS[letter]
            tokens += ((spaced, mass * _SPACED), (lower, mass * _LOWER))
            mass *= 1.0 - _SPACED - _LOWER
        tokens.append((letter, mass))
    tokens.sort(key=itemgetter(1), reverse=True)
    return tuple([(token, math.log(p)) for token, p in tokens[:top] if p > 0.0])
