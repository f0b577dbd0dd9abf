"""Whom a figure's colours reach: with any colour vision, methods are told apart.

Machado, Oliveira & Fernandes (2009), "A physiologically-based model for simulation of color vision
deficiency", severity 1.0, on linear RGB; differences are CIEDE2000 (Sharma, Wu &
Dalal 2005, whose pairs check it here).
"""

import itertools

import numpy as np
import pytest

from value_personas.experiments.figures.palette import BARS, HELPS, HURTS, Look, looks
from value_personas.signatures import Array

VISIONS = {
    "usual": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
    "tritanopia": [
        [1.255528, -0.076749, -0.178779],
        [-0.078411, 0.930809, 0.147602],
        [0.004733, 0.691367, 0.303900],
    ],
}

TO_XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)

ENOUGH = 15.0


def lab(colour: str, vision: str) -> Array:
    rgb = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    seen = np.clip(np.asarray(VISIONS[vision]) @ linear, 0.0, 1.0)
    xyz = TO_XYZ @ seen / np.array([0.95047, 1.0, 1.08883])
    f = np.where(xyz > (6 / 29) ** 3, np.cbrt(xyz), xyz / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def ciede2000(one: Array, other: Array) -> float:
    chroma = (np.hypot(*one[1:]) + np.hypot(*other[1:])) / 2
    stretch = 1.5 - 0.5 * np.sqrt(chroma**7 / (chroma**7 + 25.0**7))
    (l1, a1, b1), (l2, a2, b2) = one * [1, stretch, 1], other * [1, stretch, 1]
    c1, c2 = np.hypot(a1, b1), np.hypot(a2, b2)
    h1, h2 = np.degrees(np.arctan2(b1, a1)) % 360, np.degrees(np.arctan2(b2, a2)) % 360
    turn = 0.0 if c1 * c2 == 0 else (h2 - h1 + 180) % 360 - 180
    l, c = (l1 + l2) / 2, (c1 + c2) / 2  # noqa: E741
    h = h1 + h2 if c1 * c2 == 0 else (h1 + turn / 2) % 360
    t = (
        1
        - 0.17 * np.cos(np.radians(h - 30))
        + 0.24 * np.cos(np.radians(2 * h))
        + 0.32 * np.cos(np.radians(3 * h + 6))
        - 0.20 * np.cos(np.radians(4 * h - 63))
    )
    light = (l2 - l1) / (1 + 0.015 * (l - 50) ** 2 / np.sqrt(20 + (l - 50) ** 2))
    strong = (c2 - c1) / (1 + 0.045 * c)
    hue = 2 * np.sqrt(c1 * c2) * np.sin(np.radians(turn / 2)) / (1 + 0.015 * c * t)
    twist = np.sin(np.radians(60 * np.exp(-(((h - 275) / 25) ** 2))))
    both = -2 * np.sqrt(c**7 / (c**7 + 25.0**7)) * twist * strong * hue
    return float(np.sqrt(light**2 + strong**2 + hue**2 + both))


@pytest.mark.parametrize(
    ("one", "other", "said"),
    [  # of Sharma, Wu & Dalal's table 1
        ((50.0, 2.6772, -79.7751), (50.0, 0.0, -82.7485), 2.0425),
        ((50.0, 2.5, 0.0), (73.0, 25.0, -18.0), 27.1492),
        ((50.0, -1.0, 2.0), (50.0, 0.0, 0.0), 2.3669),
        ((50.0, 2.49, -0.001), (50.0, -2.49, 0.0011), 7.2195),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
        ((90.8027, -2.0831, 1.441), (91.1528, -1.6435, 0.0447), 1.4441),
        ((2.0776, 0.0795, -1.135), (0.9033, -0.0636, -0.5514), 0.9082),
    ],
)
def test_the_difference_is_ciede2000(one: tuple[float, ...], other: tuple[float, ...], said: float) -> None:
    assert ciede2000(np.array(one), np.array(other)) == pytest.approx(said, abs=5e-5)


def apart(one: str, other: str) -> float:
    """The least difference that any colour vision sees."""
    return min(ciede2000(lab(one, vision), lab(other, vision)) for vision in VISIONS)


def test_the_measure_finds_the_pairs_that_an_editor_found() -> None:
    """The grey and the magenta, and the grey and the green, of the palette before."""
    seen = [
        ciede2000(lab("#7d7d84", "deuteranopia"), lab(other, "deuteranopia"))
        for other in ("#b7558f", "#0a9270")
    ]
    assert max(seen) < 10.0


def test_the_usual_methods_differ_in_any_colour_vision() -> None:
    usual = looks(["none", "country", "values-unhedged", "values-hedged", "values-hedged + calibrated"])
    for (a, one), (b, other) in itertools.combinations(usual.items(), 2):
        assert apart(one.colour, other.colour) >= ENOUGH, (a, b)
    assert apart(HELPS, HURTS) >= ENOUGH


def told(one: Look, other: Look) -> bool:
    return one.marker != other.marker or apart(one.colour, other.colour) >= ENOUGH


def test_any_twelve_methods_are_told_apart_by_colour_or_by_sign() -> None:
    usual = ["none", "country", "values-unhedged", "values-hedged", "values-hedged + calibrated"]
    for (a, one), (b, other) in itertools.combinations(looks([*usual, *"abcdefg"]).items(), 2):
        assert told(one, other), (a, b)


def test_parts_of_a_bar_are_told_apart_by_their_hatching() -> None:
    assert len({hatch for _, hatch in BARS}) == len({colour for colour, _ in BARS}) == len(BARS)
