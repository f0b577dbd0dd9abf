"""Personas that carry nothing of a respondent: no persona, and country roleplay."""

from collections.abc import Sequence
from dataclasses import dataclass

from value_personas.programs.personas.arrangement import Arranged
from value_personas.programs.personas.base import Person, PersonaBuilder, PopulationSample
from value_personas.programs.personas.part import Part, PersonaSources
from value_personas.signatures import Persona

NEUTRAL_WORDINGS = (
    "an average human being",
    "an average person",
    "an average individual",
    "a typical human being",
    "a typical person",
    "a typical individual",
    "a human being",
    "a person",
    "an individual",
    "a citizen of the world",
)
"""Ten neutral respondents, {average, typical, –} × {human being, person, individual} and a world citizen
(Abels et al., arXiv 2605.16193): a baseline averaged over them does not hang on one phrase."""


@dataclass(frozen=True, slots=True)
class NothingPart(Part):
    """Nothing is told; it cannot be joined to anything."""

    label = "neutral"
    usual = ("none",)
    joins = False
    what = "no persona: ten neutral wordings"  # pyright: ignore

    def alone(self, kind: str) -> PersonaBuilder:
        """The ten wordings."""
        return NoPersona(kind)


@dataclass(frozen=True, slots=True)
class CountryPart(Part):
    """Names the country of birth and residence; alone it is roleplay of the country."""

    label = "country"
    usual = ("country",)
    names_country = True
    what = "with the country named"  # pyright: ignore
    what_alone = "roleplay of the country by its name, in ten neutral wordings"  # pyright: ignore

    def lines(
        self, person: Person, sample: PopulationSample, arranged: Arranged, sources: PersonaSources
    ) -> Sequence[str]:
        """One line."""
        return [f"You are a person, born in {sample.name} and living in {sample.name}."]

    def alone(self, kind: str) -> PersonaBuilder:
        """The ten wordings, with the country."""
        return CountryRoleplay(kind)


@dataclass(frozen=True, slots=True)
class NoPersona:
    """Ten neutral wordings: what the model answers when told nothing."""

    kind: str = "none"

    def build(self, sample: PopulationSample) -> tuple[Persona, ...]:
        """The same ten texts for every country."""
        return _evenly(self.kind, sample.country, [f"You are {who}." for who in NEUTRAL_WORDINGS])


@dataclass(frozen=True, slots=True)
class CountryRoleplay:
    """The ten neutral wordings, each born and living in the country."""

    kind: str = "country"

    def build(self, sample: PopulationSample) -> tuple[Persona, ...]:
        """Ten texts that name the country."""
        home = f"born in {sample.name} and living in {sample.name}"
        return _evenly(self.kind, sample.country, [f"You are {who}, {home}." for who in NEUTRAL_WORDINGS])


def _evenly(kind: str, country: str, texts: Sequence[str]) -> tuple[Persona, ...]:
    return tuple(Persona(kind, text, 1.0 / len(texts), country) for text in texts)
