"""A distribution that the model states in words: one call, whatever the engine."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import dspy
from dspy.lm15 import Config

from value_personas.programs.elicitation.base import reason_of_silence
from value_personas.programs.elicitation.forms import Form
from value_personas.programs.engines.replies import Reply
from value_personas.programs.rendering import WholeReplyAdapter, parse_reply_fields
from value_personas.signatures import Answer, MissingAnswer, MissingReason, StateAnswerDistribution

_TOLERANCE = 0.1
"""Stated probabilities that sum to 1 ± this (or percentages to 100 ± 10) are normalised."""

_ROUNDING = 1e-6
"""A sum this near to 1 is taken for 1: numbers in decimals rarely sum to it exactly."""


@dataclass(frozen=True, slots=True)
class VerbalisedDistribution:
    """Ask for the probabilities themselves, as a typed output.

    What does not sum to about 1 or 100, names a letter that is not on the page, or holds a negative number is
    missing; a letter left out has probability 0. What was scaled to sum to 1 is noted as ``normalised``;
    ``label_mass`` keeps a stated sum below 1.

    Attributes:
        max_tokens: the longest reply that is paid for.
    """

    max_tokens: int = 400
    signature: type[dspy.Signature] = StateAnswerDistribution

    name = "verbalised"
    adapter = WholeReplyAdapter()
    draws = 1
    redraws = 1

    def config(self, draw: int) -> Config:
        """Temperature 0: the distribution is in the statement, not in its repetition."""
        return Config(temperature=0.0, max_tokens=self.max_tokens, seed=draw)

    def usable(self, reply: Reply, form: Form) -> bool:
        """Whether the reply states a distribution."""
        return isinstance(self.read(form, [reply]), Answer)

    def read(self, form: Form, replies: Sequence[Reply]) -> Answer | MissingAnswer:
        """The stated distribution, normalised, or why there is none."""
        (reply,) = replies
        fields = parse_reply_fields(self.signature, reply.text)
        if fields is None:
            reason = MissingReason.UNPARSEABLE if reply.text.strip() else reason_of_silence(reply)
            return MissingAnswer(reason, reply.text[:200])
        return _read(fields["probabilities"], form) or MissingAnswer(
            MissingReason.UNPARSEABLE, f"no distribution over the letters: {fields['probabilities']}"[:200]
        )


def _read(stated: Mapping[str, float], form: Form) -> Answer | None:
    by_letter = {letter.strip().upper(): p for letter, p in stated.items()}
    allowed = {*form.letters, *(form.dont_know_letter or "")}
    values = list(by_letter.values())
    if len(by_letter) != len(stated) or not set(by_letter) <= allowed:
        return None
    if not all(math.isfinite(p) and p >= 0.0 for p in values):
        return None
    total = math.fsum(values)
    scale = next((unit for unit in (1.0, 100.0) if abs(total / unit - 1.0) <= _TOLERANCE), None)
    unsure = by_letter.get(form.dont_know_letter or "", 0.0)
    if scale is None or total - unsure <= 0.0:
        return None
    mass = [0.0] * len(form.order)
    for letter, position in zip(form.letters, form.order, strict=True):
        mass[position] = by_letter.get(letter, 0.0) / (total - unsure)
    logs = tuple(math.log(m) if m > 0.0 else -math.inf for m in mass)
    return Answer(
        logs,
        min(total / scale, 1.0),
        VerbalisedDistribution.name,
        dont_know=unsure / total,
        normalised=abs(total - 1.0) > _ROUNDING,
    )
