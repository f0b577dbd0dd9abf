"""The vocabulary of the project: what is asked, who is asked, and what comes back. All frozen.

Scores are the numbers by which an ordered answer is scored (usually the survey's stored codes);
probabilities always stand in the order of ``Scale.labels``.
"""

import math
from collections.abc import Collection
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

import numpy as np

from value_personas.signatures.arrays import Array

OPTION_LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ"
"""The letters that options stand after on a page, in order: without I, the pronoun with which a chatty model
begins, and O, which is a word and a nought. Their probability would count as an option's."""

Axis = Literal["survival_self_expression", "traditional_secular"]


@dataclass(frozen=True, slots=True)
class Scale:
    """An ordered response scale.

    Attributes:
        labels: K ≥ 2 distinct option texts, in the order of the questionnaire.
        scores: K finite numbers, strictly increasing or strictly decreasing along the labels.
    """

    labels: tuple[str, ...]
    scores: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.labels) != len(self.scores) or len(self.labels) < 2:
            raise ValueError(
                f"a scale needs as many scores as labels and at least two, got {self.labels=} {self.scores=}"
            )
        if len(set(self.labels)) != len(self.labels):
            raise ValueError(f"the labels of a scale must differ, got {self.labels}")
        steps = [b - a for a, b in zip(self.scores, self.scores[1:], strict=False)]
        ordered = all(s > 0 for s in steps) or all(s < 0 for s in steps)
        if not ordered or not all(map(math.isfinite, self.scores)):
            raise ValueError(f"the scores of a scale must be finite and strictly monotone, got {self.scores}")

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def values(self) -> Array:
        """The scores as an array of shape (K,)."""
        return np.asarray(self.scores, dtype=np.float64)

    @property
    def span(self) -> float:
        """The width of the scale, |r_K − r_1|, in score points."""
        return abs(self.scores[-1] - self.scores[0])

    def index_of(self, score: float) -> int:
        """The position of a score on the scale.

        Raises:
            ValueError: when the score is not on the scale.
        """
        return self.scores.index(score)


@dataclass(frozen=True, slots=True)
class Question:
    """A survey question as it is put to a model.

    Attributes:
        code: the survey's own code, for example ``Q29``.
        text: the question in the project's own wording (never the questionnaire's sentence).
        scale: its response scale.
        ivs: the code in the Integrated Values Surveys, where there is one.
        topic: a group of questions for reports and splits, for example ``gender``.
        near: whether it is close in content to the ten value items (reported apart from far ones).
        battery: questions of one battery share this name; a persona never carries one of them.
    """

    code: str
    text: str
    scale: Scale
    ivs: str | None = None
    topic: str = "other"
    near: bool = False
    battery: str | None = None


@dataclass(frozen=True, slots=True)
class ValueItem:
    """One item of an instrument that measures core cultural values.

    Attributes:
        code: the code in the Integrated Values Surveys, for example ``F063``.
        text: what the item asks, in the project's own wording.
        scale: labels tell what each answer means; scores are the stored codes.
        axis: the cultural-map axis on which the item loads, if any.
        sign: +1 when a high code lies toward self-expression or secular-rational values, else −1.
        composite: whether the answer is built from several questions, as Y002 and Y003 are.
        near: IVS codes of questions close to it in content, which are reported apart as targets.
    """

    code: str
    text: str
    scale: Scale
    axis: Axis | None = None
    sign: int = 1
    composite: bool = False
    near: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Profile:
    """One respondent's answers on the items of an instrument.

    Attributes:
        items: item codes.
        answers: the stored code answered on each item, in the same order.
    """

    items: tuple[str, ...]
    answers: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.items) != len(self.answers):
            raise ValueError(f"a profile needs one answer an item, got {self.items} and {self.answers}")

    def as_dict(self) -> dict[str, float]:
        """Item code → stored code."""
        return dict(zip(self.items, self.answers, strict=True))

    def only(self, items: Collection[str]) -> "Profile":
        """The answers on some of the items, in the order of this profile; none may be left."""
        kept = [(item, answer) for item, answer in self.as_dict().items() if item in items]
        return Profile(tuple(item for item, _ in kept), tuple(answer for _, answer in kept))


@dataclass(frozen=True, slots=True)
class Persona:
    """A description that a model is asked to answer as.

    Attributes:
        kind: the builder's name, for example ``values-hedged`` or ``country``.
        text: what the model reads.
        weight: the share of the population it stands for; the weights of one country sum to 1.
        country: the country whose estimate it enters.
        profile: the value profile it was built from, if any.
        order: the items in the order in which the text states them; empty where it states none.
        wordings: which wording of each descriptor it carries, in that order.
        replicate: 0 for the first text of a person, 1, 2 … for further texts of the same person, which
            differ in order or wording alone.
        draws: which of the persons drawn in its country it stands for, by their places; empty where it
            stands for nobody.
        jackknife: its weight when every G-th person drawn is given up to its neighbours in turn, G numbers;
            empty where weights are those of the design.
    """

    kind: str
    text: str
    weight: float
    country: str
    profile: Profile | None = None
    order: tuple[str, ...] = ()
    wordings: tuple[int, ...] = ()
    replicate: int = 0
    draws: tuple[int, ...] = ()
    jackknife: tuple[float, ...] = ()


class MissingReason(StrEnum):
    """Why a call gave no answer. None of these is ever a scale point."""

    REFUSED = "refused"
    EMPTY = "empty"
    UNPARSEABLE = "unparseable"
    LOW_LABEL_MASS = "low_label_mass"
    NO_LOGPROBS = "no_logprobs"
    TRUNCATED = "truncated"
    DONT_KNOW = "dont_know"
    TIMEOUT = "timeout"
    PROVIDER_ERROR = "provider_error"
    REASONING_ONLY = "reasoning_only"


@dataclass(frozen=True, slots=True)
class MissingAnswer:
    """The absence of an answer, with its reason and, for the audit, what was said instead."""

    reason: MissingReason
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """A distribution over the options of one question.

    Attributes:
        log_probabilities: K natural logarithms, in the order of ``Scale.labels``; they normalise to 1
            (−inf is allowed: an option never drawn).
        label_mass: the probability the model put on permitted labels before renormalising, in [0, 1].
        elicitation: how it was obtained: ``logprobs``, ``sampled`` or ``verbalised``.
        samples: how many drawn answers it rests on, where it was sampled.
        dont_know: the share of the label mass that lay on "don't know", where it was offered, in [0, 1); it
            is no part of the distribution.
        normalised: whether numbers that the model stated did not sum to 1 and were scaled.
        stray_mass: the probability on letters that are no option of the page, in [0, 1]; None where first
            tokens were not looked at.
    """

    log_probabilities: tuple[float, ...]
    label_mass: float
    elicitation: str
    samples: int | None = None
    dont_know: float = 0.0
    normalised: bool = False
    stray_mass: float | None = None

    @property
    def probabilities(self) -> Array:
        """Shape (K,), summing to 1."""
        return np.exp(np.asarray(self.log_probabilities, dtype=np.float64))
