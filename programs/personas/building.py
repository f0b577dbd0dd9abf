"""From the name of a persona kind to the builder of its texts."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Literal

from value_personas.programs.descriptor_writer import DescriptorTable, Variant
from value_personas.programs.personas.arrangement import AS_IN_THE_INSTRUMENT, Arrangement
from value_personas.programs.personas.base import PersonaBuilder, PopulationSample
from value_personas.programs.personas.composed import ComposedPersonas, CountryPart, Part
from value_personas.programs.personas.demographic import DemographicPart
from value_personas.programs.personas.kinds import PersonaKindSpec, parse_kind
from value_personas.programs.personas.neutral import CountryRoleplay, NoPersona
from value_personas.programs.personas.personality import PersonalityPart
from value_personas.programs.personas.placebos import MarginalPersonas, MeanProfile, ShuffledPersonas, donors
from value_personas.programs.personas.values import DescriptorPart, VerbatimPart
from value_personas.signatures import ValueItem

__all__ = ["PersonaSources", "persona_builder"]


@dataclass(frozen=True, slots=True)
class PersonaSources:
    """Everything from which personas of any kind are built.

    Attributes:
        items: the items of the profiles.
        descriptors: the texts of each variant that is needed.
        samples: country → its sample.
        arrangement: order and wordings of the items.
        address: as the descriptors were written.
        demographics: the facts that sociodemographic personas state; all when None.
    """

    items: tuple[ValueItem, ...]
    descriptors: Mapping[Variant, DescriptorTable]
    samples: Mapping[str, PopulationSample]
    arrangement: Arrangement = AS_IN_THE_INSTRUMENT
    address: Literal["you", "I"] = "you"
    demographics: Collection[str] | None = None


def persona_builder(kind: str, sources: PersonaSources) -> PersonaBuilder:
    """The builder of a kind.

    Args:
        kind: see ``parse_kind``.
        sources: must hold the descriptors that the kind needs.

    Raises:
        RecipeError: for an unknown kind, or one that these samples cannot give.
    """
    spec = parse_kind(kind)
    if spec.parts == ("none",):
        return NoPersona(kind)
    if spec.parts == ("country",):
        return CountryRoleplay(kind)
    arrangement = sources.arrangement
    if spec.statement == "verbatim":
        arrangement = arrangement.without_wordings()
    texts = ComposedPersonas(kind, tuple(_parts(spec, sources)), arrangement)
    seed = sources.arrangement.seed
    if spec.population == "shuffled":
        return ShuffledPersonas(texts, sources.samples, donors(tuple(sources.samples), seed))
    if spec.population == "marginal":
        return MarginalPersonas(texts, seed)
    if spec.population == "mean":
        return MeanProfile(texts, sources.items)
    return texts


def _parts(spec: PersonaKindSpec, sources: PersonaSources) -> list[Part]:
    """Country, then who, then values: what changes most between personas comes last."""
    parts: list[Part] = []
    if spec.country:
        parts.append(CountryPart())
    if spec.demographic:
        parts.append(DemographicPart(spec.demographic, spec.religion, sources.demographics))
    if spec.personality:
        parts.append(PersonalityPart())
    if spec.variant:
        parts.append(DescriptorPart(sources.descriptors[spec.variant], sources.address))
    elif spec.statement:
        parts.append(VerbatimPart(sources.items))
    return parts
