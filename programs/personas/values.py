"""Value personas: the descriptors of a profile's answers put together, or the answers word for word."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from value_personas.programs.descriptor_writer import DescriptorTable
from value_personas.programs.personas.arrangement import Arranged
from value_personas.programs.personas.base import Person, PopulationSample
from value_personas.signatures import ValueItem

__all__ = ["DescriptorPart", "VerbatimPart", "verbatim_answer"]

_HEADERS = {"you": "This is what is known of you:", "I": "This is what you say of yourself:"}


@dataclass(frozen=True, slots=True)
class DescriptorPart:
    """The descriptors of a profile's answers, one a line.

    Attributes:
        descriptors: the texts; every answer of every profile must be among them.
        address: as the descriptors were written.
    """

    descriptors: DescriptorTable
    address: Literal["you", "I"] = "you"

    of_individuals = False
    states_values = True

    def lines(self, person: Person, sample: PopulationSample, arranged: Arranged) -> Sequence[str]:
        """A heading and a line for each answer."""
        items, answers = person.profile.items, person.profile.answers
        texts = [self.descriptors.text(items[i], answers[i], arranged.wordings[i]) for i in arranged.order]
        return [_HEADERS[self.address], *(f"- {text}" for text in texts)] if texts else []


@dataclass(frozen=True, slots=True)
class VerbatimPart:
    """The items and the chosen answers as questions and answers; no descriptor at all.

    Attributes:
        items: the items of the profiles.
    """

    items: tuple[ValueItem, ...]
    _lines: Mapping[tuple[str, float], tuple[str, str]] = field(init=False, repr=False, compare=False)

    of_individuals = False
    states_values = True

    def __post_init__(self) -> None:
        lines = {
            (item.code, score): (f"Question: {item.text}", f"Answer: {verbatim_answer(item, score)}")
            for item in self.items
            for score in item.scale.scores
        }
        object.__setattr__(self, "_lines", lines)

    def lines(self, person: Person, sample: PopulationSample, arranged: Arranged) -> Sequence[str]:
        """A heading and two lines for each answer."""
        items, answers = person.profile.items, person.profile.answers
        pairs = (self._lines[items[i], answers[i]] for i in arranged.order)
        lines = [line for pair in pairs for line in pair]
        return ["You gave these answers in a survey:", *lines] if lines else []


def verbatim_answer(item: ValueItem, score: float) -> str:
    """The answer's own label; a bare number with the two ends of its scale, without which it says nothing."""
    labels = item.scale.labels
    label = labels[item.scale.index_of(score)]
    if not label.strip().lstrip("-−").isdigit():
        return label
    return f"{label}, on a scale from “{labels[0]}” to “{labels[-1]}”"
