"""Persona texts: one builder for each kind, behind one interface."""

from value_personas.programs.personas.arrangement import Arrangement, ItemOrder
from value_personas.programs.personas.base import Fact, Person, PersonaBuilder, PopulationSample
from value_personas.programs.personas.building import PersonaSources, persona_builder
from value_personas.programs.personas.composed import ComposedPersonas, CountryPart, Part
from value_personas.programs.personas.demographic import DEMOGRAPHIC_FACTS, DemographicPart
from value_personas.programs.personas.kinds import KNOWN_KINDS, PersonaKindSpec, parse_kind
from value_personas.programs.personas.neutral import NEUTRAL_WORDINGS, CountryRoleplay, NoPersona
from value_personas.programs.personas.personality import PERSONALITY_TRAITS, PersonalityPart
from value_personas.programs.personas.placebos import MarginalPersonas, MeanProfile, ShuffledPersonas, donors
from value_personas.programs.personas.values import DescriptorPart, VerbatimPart, verbatim_answer

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
    "VerbatimPart",
    "donors",
    "parse_kind",
    "persona_builder",
    "verbatim_answer",
]
