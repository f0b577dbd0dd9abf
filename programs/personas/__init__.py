"""Persona texts: one builder for each kind, behind one interface."""

from value_personas.programs.personas.arrangement import Arranged, Arrangement, ItemOrder
from value_personas.programs.personas.base import Fact, Person, PersonaBuilder, PopulationSample
from value_personas.programs.personas.building import persona_builder
from value_personas.programs.personas.demographic import DEMOGRAPHIC_FACTS
from value_personas.programs.personas.kinds import PARTS, PersonaKindSpec, known_kinds, parse_kind
from value_personas.programs.personas.neutral import CountryRoleplay, NoPersona
from value_personas.programs.personas.part import Part, PersonaSources
from value_personas.programs.personas.personality import PERSONALITY_TRAITS
from value_personas.programs.personas.values import verbatim_answer

__all__ = [
    "DEMOGRAPHIC_FACTS",
    "PARTS",
    "PERSONALITY_TRAITS",
    "Arranged",
    "Arrangement",
    "CountryRoleplay",
    "Fact",
    "ItemOrder",
    "NoPersona",
    "Part",
    "Person",
    "PersonaBuilder",
    "PersonaKindSpec",
    "PersonaSources",
    "PopulationSample",
    "known_kinds",
    "parse_kind",
    "persona_builder",
    "verbatim_answer",
]
