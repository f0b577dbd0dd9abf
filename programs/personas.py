"""Persona texts: one builder for each kind, behind one contract."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from programs.descriptor_writer import DescriptorTable
from signatures import Persona, Profile

__all__ = ["CountryRoleplay", "NoPersona", "PersonaBuilder", "PopulationSample", "ValuePersonas"]

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
class PopulationSample:
    """Whom the personas of one country are built from.

    Attributes:
        country: its code.
        name: its name, as a persona may speak it.
        profiles: distinct value profiles drawn from its population.
        weights: their shares; they sum to 1.
    """

    country: str
    name: str
    profiles: tuple[Profile, ...]
    weights: tuple[float, ...]


class PersonaBuilder(Protocol):
    """One kind of persona."""

    @property
    def kind(self) -> str:
        """Its name in recipes and tables."""

    def build(self, sample: PopulationSample) -> tuple[Persona, ...]:
        """The personas of one country; their weights sum to 1."""


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


@dataclass(frozen=True, slots=True)
class ValuePersonas:
    """A persona for each sampled value profile: the descriptors of its answers, put together.

    Attributes:
        descriptors: the texts; every answer of every profile must be among them.
        kind: ``values-hedged`` or ``values-unhedged``, after the descriptors' variant.
    """

    descriptors: DescriptorTable
    kind: str

    def build(self, sample: PopulationSample) -> tuple[Persona, ...]:
        """One text for each profile, with the profile's weight."""
        return tuple(
            Persona(self.kind, self._text(profile), weight, sample.country, profile)
            for profile, weight in zip(sample.profiles, sample.weights, strict=True)
        )

    def _text(self, profile: Profile) -> str:
        answers = zip(profile.items, profile.answers, strict=True)
        lines = [f"- {self.descriptors.text(item, score)}" for item, score in answers]
        return "\n".join(["This is what is known of you:", *lines])


def _evenly(kind: str, country: str, texts: Sequence[str]) -> tuple[Persona, ...]:
    return tuple(Persona(kind, text, 1.0 / len(texts), country) for text in texts)
