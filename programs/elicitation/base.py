"""How an answer is got out of a model: the contract, and what every way shares."""

from collections.abc import Sequence
from typing import Protocol

import dspy
import numpy as np
from dspy.lm15 import Config

from value_personas.programs.elicitation.forms import Form
from value_personas.programs.engines.replies import REASONING_ONLY, Reply
from value_personas.signatures import Answer, MissingAnswer, MissingReason


class Elicitation(Protocol):
    """One way of asking. Implementations are stateless and never raise on what a model said."""

    @property
    def name(self) -> str:
        """As named in the recipe."""
        ...

    @property
    def signature(self) -> type[dspy.Signature]:
        """The prompt that is asked; its instruction may be tuned."""
        ...

    @property
    def adapter(self) -> dspy.Adapter:
        """How the signature becomes text. Its ``parse`` hands on the whole reply: reading it is done here."""
        ...

    @property
    def draws(self) -> int:
        """How many requests one form takes."""
        ...

    @property
    def redraws(self) -> int:
        """How many of the draws that gave no answer are asked again, once each."""
        ...

    def config(self, draw: int) -> Config:
        """The decoding parameters of a form's draw number ``draw``."""
        ...

    def usable(self, reply: Reply, form: Form) -> bool:
        """Whether a single reply carries an answer."""
        ...

    def read(self, form: Form, replies: Sequence[Reply]) -> Answer | MissingAnswer:
        """Read the replies to one form.

        Returns:
            A distribution in the order of the question's scale, or why there is none.
        """
        ...


_FILTERS = frozenset({"content_filter", "safety", "prohibited_content", "blocklist", "recitation", "refusal"})
"""Finish reasons of replies that a server kept back."""


def reason_of_silence(reply: Reply) -> MissingReason:
    """Why a reply holds no answer, where it holds no words either."""
    if reply.finish_reason == REASONING_ONLY:
        return MissingReason.REASONING_ONLY
    return MissingReason.REFUSED if reply.finish_reason.lower() in _FILTERS else MissingReason.EMPTY


def average(answers: Sequence[Answer | MissingAnswer]) -> Answer | MissingAnswer:
    """The answer over several forms of one question: the mean of their probabilities.

    One missing form makes the answer missing: the mean of the others would carry their order's bias.
    """
    if len(answers) == 1:
        return answers[0]
    missing = next((a for a in answers if isinstance(a, MissingAnswer)), None)
    if missing is not None:
        return missing
    given = [a for a in answers if isinstance(a, Answer)]
    log_p = np.logaddexp.reduce([a.log_probabilities for a in given], axis=0) - np.log(len(given))
    stray = [a.stray_mass for a in given if a.stray_mass is not None]
    samples = [a.samples for a in given if a.samples is not None]
    return Answer(
        log_probabilities=tuple(log_p.tolist()),
        label_mass=float(np.mean([a.label_mass for a in given])),
        elicitation=given[0].elicitation,
        samples=sum(samples) if samples else None,
        dont_know=float(np.mean([a.dont_know for a in given])),
        normalised=any(a.normalised for a in given),
        stray_mass=float(np.mean(stray)) if stray else None,
    )
