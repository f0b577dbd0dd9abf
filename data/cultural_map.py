"""The two axes of the Inglehart–Welzel cultural map, as a check on profiles.

An item's score is its weighted country mean, standardised by the published mean and standard deviation; the
weighted sum of the ten is taken to each axis by the slope and intercept of the official syntax.
"""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from value_personas.data.codebooks.instruments import Instrument, load_instrument
from value_personas.data.formats.plain_text import one_line
from value_personas.data.profiles import ProfileTable
from value_personas.signatures import Axis, SurveyError

_LONGEST_NAME = 24
MAP_AXES: tuple[Axis, Axis] = ("survival_self_expression", "traditional_secular")
"""Left to right, then bottom to top."""


def cultural_map(profiles: ProfileTable, countries: Sequence[str] | None = None) -> pd.DataFrame:
    """Where a survey's countries lie on the cultural map.

    Args:
        profiles: profiles with all items that the map needs.
        countries: the countries to place, None for all.

    Returns:
        Columns country, survival_self_expression, traditional_secular: one row a country.

    Raises:
        SurveyError: when the instrument has no map, or an item is absent from the survey or from a country.
    """
    instrument = load_instrument(profiles.instrument)
    if not instrument.map_lines:
        raise SurveyError(f"instrument {instrument.name} has no cultural map")
    if profiles.absent:
        raise SurveyError(
            f"the cultural map needs all its items; the survey lacks {', '.join(profiles.absent)}"
        )
    rows = [
        (country, *map_point(_means(profiles, country), instrument))
        for country in countries or profiles.countries
    ]
    return pd.DataFrame(rows, columns=["country", *MAP_AXES])


def map_point(means: Mapping[str, float], instrument: Instrument) -> tuple[float, float]:
    """Take a population's item means to the two axes.

    Args:
        means: item code → weighted mean in stored codes; every item of the instrument.
        instrument: one that has a map.

    Returns:
        The position on survival–self-expression and on traditional–secular.
    """
    total = np.zeros(2)
    for code, norm in instrument.norms.items():
        assert norm.mean is not None  # an instrument with a map states these of every item
        assert norm.sd is not None
        assert norm.map_weights is not None
        total += (means[code] - norm.mean) / norm.sd * np.array(norm.map_weights)
    lines = [instrument.map_lines[axis] for axis in MAP_AXES]
    x, y = (slope * value + intercept for value, (slope, intercept) in zip(total, lines, strict=True))
    return float(x), float(y)


def _means(profiles: ProfileTable, country: str) -> dict[str, float]:
    frame, weight = profiles.of(country)
    means = {}
    for code in frame.columns:
        answers = frame[code].to_numpy(np.float64)
        known = ~np.isnan(answers)
        if not known.any():
            raise SurveyError(f"nobody in {country} answered {code}; leave the country out of the map")
        means[str(code)] = float(np.average(answers[known], weights=weight[known]))
    return means


def drawable(names: Sequence[str], longest: int = _LONGEST_NAME) -> str:
    """The first name, cut to so many letters, whose signs a figure's font has; "?" if it lacks them all."""
    from matplotlib.font_manager import FontProperties, findfont, get_font

    known = get_font(findfont(FontProperties())).get_charmap()
    short = [one_line(name, longest) for name in names]
    return next((name for name in short if all(ord(sign) in known for sign in name)), "?")
