"""Value personas: the descriptors of a profile's answers put together, or the answers word for word."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from value_personas.programs.descriptor_writer import Variant
from value_personas.programs.personas.arrangement import Arranged
from value_personas.programs.personas.base import Person, PersonaBuilder, PopulationSample
from value_personas.programs.personas.part import Part, PersonaSources, Population
from value_personas.programs.personas.placebos import MarginalPersonas, MeanProfile, ShuffledPersonas, donors
from value_personas.signatures import ValueItem

Statement = Literal["hedged", "unhedged", "verbatim"]

_HEADERS = {"you": "This is what is known of you:", "I": "This is what you say of yourself:"}

_STATEMENTS: Mapping[str, Statement] = {
    "hedged": "hedged",
    "unhedged": "unhedged",
    "no-hedge": "unhedged",
    "verbatim": "verbatim",
}
_POPULATIONS: Mapping[str, Population] = {
    "values": "own",
    "shuffled": "shuffled",
    "marginal": "marginal",
    "mean-profile": "mean",
}
_PROFILES: Mapping[Population, str] = {
    "own": "whole value profiles of drawn respondents",
    "shuffled": "a placebo: value profiles of another country",
    "marginal": "a placebo: each item’s answers dealt anew among the drawn respondents",
    "mean": "a placebo: one profile, on each item the answer nearest to the mean",
}
_STATED: Mapping[Statement, str] = {
    "hedged": "in descriptors that are to imply nothing beyond the answer",
    "unhedged": "in descriptors without that hedge",
    "verbatim": "in the questionnaire’s words",
}


@dataclass(frozen=True, slots=True)
class ValuesPart(Part):
    """The answers of a value profile: a person's own, or those that a placebo gives.

    Attributes:
        statement: how they are put: in descriptors, hedged or not, or as questions and answers.
        whose: the population whose they are.
    """

    statement: Statement = "hedged"
    whose: Population = "own"

    label = "value"
    usual = (
        *("values-hedged", "values-unhedged", "values-verbatim", "values+country", "values+demographic"),
        *("shuffled", "marginal", "mean-profile"),
    )
    states_values = True

    @classmethod
    def read(cls, name: str, rest: str) -> "ValuesPart | None":
        """``-hedged`` (the default), ``-unhedged`` (or ``-no-hedge``) or ``-verbatim``."""
        statement = _STATEMENTS.get(rest or "hedged")
        return cls(statement, _POPULATIONS[name]) if statement else None

    @property
    def what(self) -> str:
        """In few words."""
        return f"{_PROFILES[self.population]}, {_STATED[self.statement]}"

    @property
    def population(self) -> Population:
        """Whose profiles it states."""
        return self.whose

    @property
    def variant(self) -> Variant | None:
        """None where the questionnaire's own words are used."""
        return None if self.statement == "verbatim" else self.statement

    def lines(
        self, person: Person, sample: PopulationSample, arranged: Arranged, sources: PersonaSources
    ) -> Sequence[str]:
        """A heading, then a line for each descriptor or two for each answer."""
        profile = person.profile
        if not profile.items:
            return []
        if self.variant is None:
            told = [(sources.by_code[profile.items[i]], profile.answers[i]) for i in arranged.order]
            pairs = ((f"Question: {item.text}", f"Answer: {verbatim_answer(item, s)}") for item, s in told)
            return ["You gave these answers in a survey:", *(line for pair in pairs for line in pair)]
        table = sources.descriptors[self.variant]
        texts = (
            table.text(profile.items[i], profile.answers[i], arranged.wordings[i]) for i in arranged.order
        )
        return [_HEADERS[sources.address], *(f"- {text}" for text in texts)]

    def around(self, texts: PersonaBuilder, sources: PersonaSources) -> PersonaBuilder:
        """The placebo, where it is one."""
        seed = sources.arrangement.seed
        if self.population == "shuffled":
            return ShuffledPersonas(texts, sources.samples, donors(tuple(sources.samples), seed))
        if self.population == "marginal":
            return MarginalPersonas(texts, seed)
        if self.population == "mean":
            return MeanProfile(texts, sources.items)
        return texts

    def require(self, countries: Collection[str], seed: int) -> None:
        """Shuffling needs two countries."""
        if self.population == "shuffled":
            donors(countries, seed)


def verbatim_answer(item: ValueItem, score: float) -> str:
    """The answer's own label; a bare number with the two ends of its scale, without which it says nothing."""
    labels = item.scale.labels
    label = labels[item.scale.index_of(score)]
    if not label.strip().lstrip("-−").isdigit():
        return label
    return f"{label}, on a scale from “{labels[0]}” to “{labels[-1]}”"
