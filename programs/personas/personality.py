"""Personality personas: adjectives for the five traits of the ten-item inventory (BFI-10).

A trait is a positive statement minus a negative one, each answered on five points (Rammstedt & John 2007).
The inventory is weak in the World Values Survey (Ludeke & Larsen 2017); it is offered as a comparator.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from value_personas.programs.personas.arrangement import Arranged
from value_personas.programs.personas.base import Person, PopulationSample
from value_personas.programs.personas.part import Part, PersonaSources

_ADJECTIVES: Mapping[str, tuple[str, str]] = {
    "extraversion": ("reserved", "outgoing and sociable"),
    "agreeableness": ("inclined to find fault with others", "trusting and forgiving"),
    "conscientiousness": ("inclined to be lazy", "thorough in your work"),
    "emotional_stability": ("easily nervous", "relaxed under stress"),
    "openness": ("little drawn to art", "imaginative"),
}
"""Trait → the words of the inventory's two statements, low end first."""

PERSONALITY_TRAITS = tuple(_ADJECTIVES)

_STRONG = 3.0
"""A difference of three or four points of four is a clear one."""


@dataclass(frozen=True, slots=True)
class PersonalityPart(Part):
    """One sentence of five adjectives with their degrees."""

    label = "personality"
    usual = ("personality",)
    of_traits = True
    what = "personality traits of drawn respondents"  # pyright: ignore

    def lines(
        self, person: Person, sample: PopulationSample, arranged: Arranged, sources: PersonaSources
    ) -> Sequence[str]:
        """One line; empty where no trait is known."""
        told = [_told(trait, person.traits[trait]) for trait in PERSONALITY_TRAITS if trait in person.traits]
        if not told:
            return []
        *most, last = told
        return [f"You are {', '.join(most)} and {last}." if most else f"You are {last}."]


def _told(trait: str, score: float) -> str:
    low, high = _ADJECTIVES[trait]
    if score == 0:
        return f"neither {low} nor {high}"
    degree = "very" if abs(score) >= _STRONG else "somewhat"
    return f"{degree} {high if score > 0 else low}"
