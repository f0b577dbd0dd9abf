"""Where populations lie on the cultural map: as they answered, and as a model answers for them."""

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from value_personas import data
from value_personas.data import MAP_AXES
from value_personas.programs import PanelResult, estimate_populations
from value_personas.signatures import SurveyError

if TYPE_CHECKING:  # the answer store, DSPy and all that asks
    from value_personas.experiments.fieldwork.asking import Asked

HUMAN = "human"
"""The ``method`` of the rows that the survey itself gives."""


def map_positions(name: str, profiles: data.ProfileTable, asked: "Asked", max_missing: float) -> pd.DataFrame:
    """Human positions wherever the survey allows, and those of every persona kind that was asked the items.

    Args:
        name: the instrument's.
        profiles: what people answered to its items.
        asked: what the model did.
        max_missing: the share of missing answers beyond which a position is not known.

    Returns:
        Columns method, country, survival_self_expression, traditional_secular; a country of which an item is
        not known, by the people or by the model, has no row. Empty where the instrument has no map.
    """
    instrument = data.load_instrument(name)
    columns = ["method", "country", *MAP_AXES]
    if not instrument.map_lines:
        return pd.DataFrame(columns=columns)
    rows = [] if profiles.absent else _human(profiles)
    for kind, panel in asked.map_panels.items():
        rows += _predicted(kind, panel, instrument, max_missing)
    return pd.DataFrame(rows, columns=columns)


def map_distances(positions: pd.DataFrame, method: str) -> "pd.Series[float]":
    """How far a method lays each country from its people, on the map's two axes; only where both are known.

    Args:
        positions: as ``map_positions`` returns them.
        method: one of its rows' methods.
    """
    places = positions.set_index("country")
    human, laid = (places.loc[places["method"] == name, list(MAP_AXES)] for name in (HUMAN, method))
    away = (laid - human).dropna()
    return pd.Series(np.hypot(*away.to_numpy(np.float64).T), away.index)


def _human(profiles: data.ProfileTable) -> list[tuple[object, ...]]:
    rows: list[tuple[object, ...]] = []
    for country in profiles.countries:
        try:
            place = data.cultural_map(profiles, [country])
        except SurveyError:  # an item was not asked there
            continue
        rows.append((HUMAN, *place.iloc[0]))
    return rows


def _predicted(
    kind: str, panel: PanelResult, instrument: data.Instrument, max_missing: float
) -> list[tuple[object, ...]]:
    estimate = estimate_populations(panel.personas, panel.questions, panel.log_p, max_missing)
    rows: list[tuple[object, ...]] = []
    for country, p in zip(estimate.countries, estimate.probabilities, strict=True):
        means = {
            question.code: float(p[m, : len(question.scale)] @ question.scale.values)
            for m, question in enumerate(panel.questions)
        }
        if not np.isnan(list(means.values())).any():
            rows.append((kind, country, *data.map_point(means, instrument)))
    return rows
