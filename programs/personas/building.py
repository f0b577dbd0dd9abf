"""From the name of a persona kind to the builder of its texts."""

from value_personas.programs.personas.base import PersonaBuilder
from value_personas.programs.personas.composed import ComposedPersonas
from value_personas.programs.personas.forecast import Forecast
from value_personas.programs.personas.kinds import parse_kind
from value_personas.programs.personas.part import PersonaSources


def persona_builder(kind: str, sources: PersonaSources) -> PersonaBuilder:
    """The builder of a kind.

    Args:
        kind: see ``parse_kind``.
        sources: must hold the descriptors that the kind needs.

    Raises:
        RecipeError: for an unknown kind, or one that these samples cannot give.
    """
    read = parse_kind(kind)
    if read.forecasts:
        return Forecast(kind, read.names_country)
    if len(read.parts) == 1 and (alone := read.parts[0].alone(kind)):
        return alone
    # What is no descriptor has one wording.
    arrangement = sources.arrangement if read.variant else sources.arrangement.without_wordings()
    builder: PersonaBuilder = ComposedPersonas(kind, read.parts, sources, arrangement)
    for part in read.parts:
        builder = part.around(builder, sources)
    return builder
