"""Persona texts: one builder for each kind, behind one interface."""

from programs.personas.arrangement import Arrangement, ItemOrder
from programs.personas.base import Fact, Person, PersonaBuilder, PopulationSample
from programs.personas.building import PersonaSources, persona_builder
from programs.personas.composed import ComposedPersonas, CountryPart, Part
from programs.personas.demographic import DEMOGRAPHIC_FACTS, DemographicPart
from programs.personas.kinds import KNOWN_KINDS, PersonaKindSpec, parse_kind
from programs.personas.neutral import NEUTRAL_WORDINGS, CountryRoleplay, NoPersona
from programs.personas.personality import PERSONALITY_TRAITS, PersonalityPart
from programs.personas.placebos import MarginalPersonas, MeanProfile, ShuffledPersonas
from programs.personas.values import DescriptorPart, ValuePersonas, VerbatimPart, verbatim_answer

__all__ = [
    "DEMOGRAPHIC_FACTS",
    "KNOWN_KINDS",
    "NEUTRAL_WORDINGS",
    "PERSONALITY_TRAITS",
    "Arrangement",
    "ComposedPersonas",
    "CountryPart",
    "CountryRoleplay",
    "DemographicPart",
    "DescriptorPart",
    "Fact",
    "ItemOrder",
    "MarginalPersonas",
    "MeanProfile",
    "NoPersona",
    "Part",
    "Person",
    "PersonaBuilder",
    "PersonaKindSpec",
    "PersonaSources",
    "PersonalityPart",
    "PopulationSample",
    "ShuffledPersonas",
    "ValuePersonas",
    "VerbatimPart",
    "parse_kind",
    "persona_builder",
    "verbatim_answer",
]
