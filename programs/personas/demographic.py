"""Sociodemographic personas: who a respondent is, as an interview or as a portrait.

Both forms are common in the field, and results hang on the form: an interview keeps each fact in the
respondent's own voice (Argyle et al. 2023, study 3), a portrait tells the model whom to play.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from value_personas.programs.personas.arrangement import Arranged
from value_personas.programs.personas.base import Fact, Person, PopulationSample
from value_personas.programs.personas.part import Part, PersonaSources


@dataclass(frozen=True, slots=True)
class _Wording:
    """How one fact is asked for, answered and told; ``{}`` is the fact."""

    question: str
    answer: str
    portrait: str


_WORDINGS: Mapping[str, _Wording] = {
    "sex": _Wording("Are you a man or a woman?", "I am a {}.", "You are a {}."),
    "age": _Wording("How old are you?", "I am {} years old.", "You are {} years old."),
    "education": _Wording(
        "What is the highest level of education that you have reached?", "{}.", "Your education: {}."
    ),
    "income": _Wording(
        "Where does the income of your household stand among those of your country?",
        "In the {}.",
        "The income of your household is in the {} of those of your country.",
    ),
    "marital_status": _Wording("What is your marital status?", "I am {}.", "You are {}."),
    "employment": _Wording("What is your employment status?", "I am {}.", "As for work, you are {}."),
    "settlement": _Wording("Where do you live?", "In {}.", "You live in {}."),
    "religion": _Wording(
        "Which religious denomination do you belong to, if any?", "{}.", "Your religious denomination: {}."
    ),
}

DEMOGRAPHIC_FACTS = tuple(_WORDINGS)
"""Facts that have a wording, in the order in which they are stated; religion is half a value item."""


@dataclass(frozen=True, slots=True)
class DemographicPart(Part):
    """The known facts of a person; what is not known is not spoken of.

    Attributes:
        form: ``interview`` or ``portrait``.
        religion: whether the denomination is among the facts.
    """

    form: Literal["interview", "portrait"] = "interview"
    religion: bool = False

    label = "sociodemographic"
    usual = (
        "demographic",
        "demographic-religion",
        "demographic-portrait",
        "demographic-religion-portrait",
        "demographic+country",
    )

    @classmethod
    def read(cls, name: str, rest: str) -> "DemographicPart | None":
        """``-religion`` and ``-portrait``, in any order; ``-interview`` is the form without either."""
        words = rest.split("-") if rest else []
        if not set(words) <= {"religion", "portrait", "interview"} or len(set(words)) != len(words):
            return None
        if {"portrait", "interview"} <= set(words):
            return None
        return cls("portrait" if "portrait" in words else "interview", "religion" in words)

    @property
    def what(self) -> str:
        """In few words."""
        religion = " with religion" if self.religion else ""
        form = "a portrait" if self.form == "portrait" else "an interview"
        return f"sociodemographics of drawn respondents{religion} as {form}"

    @property
    def facts(self) -> tuple[str, ...]:
        """All that have a wording; the denomination only where it is asked for."""
        return tuple(name for name in DEMOGRAPHIC_FACTS if self.religion or name != "religion")

    def told(self, wanted: Collection[str] | None) -> tuple[str, ...]:
        """Those that are wanted; all when None."""
        return tuple(name for name in self.facts if wanted is None or name in wanted)

    def lines(
        self, person: Person, sample: PopulationSample, arranged: Arranged, sources: PersonaSources
    ) -> Sequence[str]:
        """The interview, or the portrait as one line."""
        told = (name for name in self.told(sources.demographics) if name in person.facts)
        known = [(_WORDINGS[name], _spoken(person.facts[name])) for name in told]
        if not known:
            return []
        if self.form == "portrait":
            return [" ".join(_sentence(words.portrait, fact) for words, fact in known)]
        lines = (
            line
            for words, fact in known
            for line in (f"Interviewer: {words.question}", f"You: {_sentence(words.answer, fact)}")
        )
        return ["This is from an interview with you.", *lines]


def _spoken(fact: Fact) -> str:
    return fact if isinstance(fact, str) else f"{fact:g}"


def _sentence(wording: str, fact: str) -> str:
    text = wording.format(fact)
    return text[0].upper() + text[1:]
