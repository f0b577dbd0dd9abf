"""Whom personas are built from, and the one interface of everything that builds them."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Protocol

from value_personas.signatures import Persona, Profile

Fact = str | float
"""A category in words, or a number."""


@dataclass(frozen=True, slots=True)
class Person:
    """One draw from a population.

    Attributes:
        profile: the value profile.
        weight: the share of the country that the draw stands for.
        facts: sociodemographics by name; what is not known is left out.
        traits: personality, trait → positive minus negative statement, −4 … +4; empty where not measured.
        respondent: the row of the survey; None where the draw belongs to nobody.
        draws: its place among the people of its sample, or the places of all whom it stands for.
        jackknife: as of ``Persona``.
    """

    profile: Profile
    weight: float
    facts: Mapping[str, Fact] = field(default_factory=dict)
    traits: Mapping[str, float] = field(default_factory=dict)
    respondent: int | None = None
    draws: tuple[int, ...] = ()
    jackknife: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class PopulationSample:
    """Whom the personas of one country are built from.

    Every kind of persona is built from the same sample, so that kinds are compared on the same respondents.

    Attributes:
        country: its code.
        name: its name, as a persona may speak it.
        profiles: distinct value profiles drawn from its population.
        weights: their shares; they sum to 1.
        people: every draw with all that is known of it, in the order drawn; their weights sum to 1. May be
            empty where nothing but profiles is needed.
    """

    country: str
    name: str
    profiles: tuple[Profile, ...]
    weights: tuple[float, ...]
    people: tuple[Person, ...] = ()

    def holders(self) -> tuple[Person, ...]:
        """One person for each distinct profile: all that personas of values alone need."""
        drawn = [person.profile for person in self.people] or self.profiles
        places: dict[Profile, list[int]] = defaultdict(list)
        for place, profile in enumerate(drawn):
            places[profile].append(place)
        return tuple(
            Person(profile, weight, draws=tuple(places[profile]), jackknife=self._left_out(places[profile]))
            for profile, weight in zip(self.profiles, self.weights, strict=True)
        )

    def _left_out(self, places: Sequence[int]) -> tuple[float, ...]:
        """The jackknife weights of some draws together."""
        return summed([self.people[place].jackknife for place in places]) if self.people else ()

    def individuals(self) -> tuple[Person, ...]:
        """Every draw as a person of its own; empty where nothing but profiles is known."""
        return tuple(replace(person, draws=(place,)) for place, person in enumerate(self.people))

    def only(self, items: Collection[str]) -> "PopulationSample":
        """The same people, of whose profiles nothing but some items is told.

        Profiles that become equal are one, with the sum of their weights, in the order in which they first
        appear: what tells the same is asked once.

        Args:
            items: codes; those that no profile holds have no effect.
        """
        shares: dict[Profile, float] = {}
        for profile, weight in zip(self.profiles, self.weights, strict=True):
            partial = profile.only(items)
            shares[partial] = shares.get(partial, 0.0) + weight
        people = tuple(replace(person, profile=person.profile.only(items)) for person in self.people)
        return replace(self, profiles=tuple(shares), weights=tuple(shares.values()), people=people)


def summed(jackknives: Sequence[tuple[float, ...]]) -> tuple[float, ...]:
    """The jackknife weights of several persons who are one; none where one of them has none."""
    if not all(jackknives):
        return ()
    return tuple(sum(weights) for weights in zip(*jackknives, strict=True))


class PersonaBuilder(Protocol):
    """One kind of persona."""

    @property
    def kind(self) -> str:
        """Its name in recipes and tables."""
        ...

    def build(self, sample: PopulationSample) -> tuple[Persona, ...]:
        """The personas of one country; their weights sum to 1.

        Raises:
            RecipeError: when the sample lacks what this kind of persona needs.
        """
        ...
