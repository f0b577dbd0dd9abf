"""What a population program needs besides its prompts: models, sampled populations, questions."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import dspy

from programs.descriptor_writer import DescriptorTable
from programs.model import Model
from programs.personas import Arrangement, PopulationSample
from programs.proposal_rules import MAX_CHARACTERS
from signatures import Question, ValueItem

__all__ = ["Surroundings"]


@dataclass(eq=False)
class Surroundings:
    """What a program needs besides its prompts. Copies of a program, of which optimisers make many, share it.

    Attributes:
        writer: writes descriptors.
        respondent: answers.
        samples: country → its sampled population: common personas for every candidate.
        items: the items of the profiles.
        questions: code → question.
        kind: the kind of persona, which must carry descriptors.
        arrangement: order and wordings of the items.
        forbidden_names: country names that no descriptor may speak.
        temperature: of the calibration of each persona's answers; None for none.
        max_missing: the share of missing answers above which nothing is estimated.
        concurrency: cells in flight at once.
        max_characters: the longest instruction that is tried.
    """

    writer: Model
    respondent: Model
    samples: Mapping[str, PopulationSample]
    items: tuple[ValueItem, ...]
    questions: Mapping[str, Question]
    kind: str
    arrangement: Arrangement
    forbidden_names: tuple[str, ...] = ()
    temperature: float | None = None
    max_missing: float = 0.2
    concurrency: int = 16
    max_characters: int = MAX_CHARACTERS
    tables: dict[tuple[str, int], DescriptorTable] = field(default_factory=dict, repr=False)
    predictions: dict[tuple[str, int, str, str], dspy.Prediction] = field(default_factory=dict, repr=False)

    def __deepcopy__(self, memo: dict[int, Any]) -> "Surroundings":
        """The same object: what was written or predicted once serves every copy."""
        return self
