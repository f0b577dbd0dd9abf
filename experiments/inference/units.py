"""What is taken to be drawn when other countries are thought of: countries, or their cultural zones."""

from collections.abc import Sequence

from value_personas import data


def zones_of(countries: Sequence[str]) -> dict[str, str]:
    """Each country's cultural zone; a country that the published map lacks is a zone of its own."""
    return {country: data.cultural_zone(country) or country for country in countries}


def units_of(zones: Sequence[str]) -> tuple[str, ...]:
    """What is taken to be drawn in each country's place: its zone, where two or more zones hold several.

    Args:
        zones: the zone of each of C countries, in their order.

    Returns:
        A name of its unit for each country; a name of its own where zones tell too little.
    """
    shared = [zone for zone in set(zones) if list(zones).count(zone) > 1]
    return tuple(zones) if len(shared) > 1 else tuple(map(str, range(len(zones))))
