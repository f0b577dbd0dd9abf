"""The countries next on the cultural map: what is known of a question once a country's values are known."""

from collections.abc import Mapping, Sequence

import numpy as np

from value_personas import data
from value_personas.data import published_map
from value_personas.experiments.comparators.base import Comparator, Prediction, Sources
from value_personas.experiments.comparators.distributions import OtherCountries
from value_personas.signatures import Array, SurveyError

Place = tuple[float, float]
"""Survival–self-expression, traditional–secular."""


def country_places(
    countries: Sequence[str], profiles: data.ProfileTable | None = None
) -> tuple[dict[str, Place], tuple[str, ...]]:
    """Where countries lie on the cultural map.

    Args:
        countries: codes.
        profiles: places are computed from these where they hold all the map's items; else published places
            (IVS 2005–2022) are taken.

    Returns:
        Country → place, without those whose place is not known, and these.
    """
    if profiles is not None and not profiles.absent and data.load_instrument(profiles.instrument).map_lines:
        table = data.cultural_map(profiles).set_index("country").to_numpy(np.float64)
        found = dict(zip(profiles.countries, ((float(x), float(y)) for x, y in table), strict=True))
    else:
        found = {
            code: (point.survival_self_expression, point.traditional_secular)
            for code, point in published_map().items()
        }
    places = {country: found[country] for country in countries if country in found}
    if len(places) < 2:
        raise SurveyError(
            "map-neighbours: fewer than two of the countries have a place on the cultural map; "
            "leave map-neighbours out of comparators.names"
        )
    return places, tuple(country for country in countries if country not in places)


def map_neighbours(
    country: str, others: OtherCountries, places: Mapping[str, Place], neighbours: int = 3
) -> Array:
    """The mean of the nearest countries that were asked.

    Args:
        country: who is predicted; its own place is known, its answers are not.
        others: what the others answered.
        places: on the cultural map.
        neighbours: how many are averaged; all where fewer were asked.

    Returns:
        Shape (M, K); NaN where no country with a place was asked, and throughout for a country without one.
    """
    predicted = np.full(others.table.shape[1:], np.nan)
    if country not in places:
        return predicted
    placed = [i for i, code in enumerate(others.countries) if code in places]
    there = np.array([places[others.countries[i]] for i in placed])
    distance = np.linalg.norm(there - np.array(places[country]), axis=1)
    nearest = np.array(placed)[np.argsort(distance, kind="stable")]
    for m in range(len(predicted)):
        asked = nearest[~np.isnan(others.table[nearest, m, 0])][:neighbours]
        if len(asked):
            predicted[m] = others.table[asked, m].mean(axis=0)
    return predicted


def _predict(sources: Sources) -> Prediction:
    places, unplaced = country_places(sources.answers.countries, sources.profiles)
    predicted = sources.leave_one_out(
        lambda country, others: map_neighbours(country, others, places, sources.neighbours)
    )
    return Prediction(
        predicted, (f"no place on the cultural map: {', '.join(unplaced)}",) if unplaced else ()
    )


MAP_NEIGHBOURS = Comparator("no model: the mean of the nearest countries on the cultural map", _predict)
