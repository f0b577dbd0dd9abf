"""A whole distribution from one call: the first token's log-probabilities over the options' letters."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import dspy
from dspy.lm15 import Config

from value_personas.programs.elicitation.forms import Form
from value_personas.programs.engines.replies import Reply
from value_personas.programs.rendering import PlainAdapter
from value_personas.signatures import Answer, AnswerAsPersona, MissingAnswer, MissingReason

_HIDDEN_LIMIT = 0.01
"""The largest share of an answer that may lie below the reported top alternatives."""

_MOST_PROBABLE = 1.01
"""The largest sum of reported probabilities, which servers round; a larger one is no distribution."""


@dataclass(frozen=True, slots=True)
class FirstTokenLogprobs:
    """Read the letters' probabilities off the first token.

    Variants of a letter (leading space, lower case, wrapped as in ``**A`` or ``(A``) are summed. The mass on
    letters of the page is reported and renormalised, that on other letters is reported as stray: as much may
    lie on the page's own for no reason of the question's. Below ``min_label_mass`` the model was not
    answering and the answer is missing. A letter that is not among the reported alternatives has at most the
    probability of the last of them; where that bound could hide more than 1 % of the answer, it is missing
    as truncated.

    Attributes:
        min_label_mass: in [0, 1].
        top: how many alternatives to ask for; OpenAI's servers report at most 20.
        max_tokens: the reply's length; its first token is all that counts.
    """

    min_label_mass: float = 0.5
    top: int = 20
    max_tokens: int = 1
    signature: type[dspy.Signature] = AnswerAsPersona

    name = "logprobs"
    adapter = PlainAdapter()
    draws = 1
    redraws = 0  # the same question has the same log-probabilities

    def config(self, draw: int) -> Config:
        """Temperature 1: some servers report log-probabilities after scaling by it."""
        return Config(temperature=1.0, max_tokens=self.max_tokens, logprobs=self.top)

    def usable(self, reply: Reply, form: Form) -> bool:
        """Whether log-probabilities were reported, and can be such."""
        return 0.0 < math.fsum(_probabilities(reply.first_token or ())) <= _MOST_PROBABLE

    def read(self, form: Form, replies: Sequence[Reply]) -> Answer | MissingAnswer:
        """The renormalised probabilities of the letters, or why there are none."""
        (reply,) = replies
        if not reply.first_token:
            return MissingAnswer(MissingReason.NO_LOGPROBS, reply.text[:200])
        p = _probabilities(reply.first_token)
        if (reported := math.fsum(p)) > _MOST_PROBABLE:
            return MissingAnswer(MissingReason.NO_LOGPROBS, f"reported probabilities sum to {reported:.2f}")
        mass, unsure, stray = _letter_mass(reply.first_token, p, form)
        on_options = math.fsum(mass)
        total = min(on_options + unsure, 1.0)
        if total <= 0.0 or total < self.min_label_mass:
            said = ", ".join(
                f"{token!r} {q:.2f}" for (token, _), q in zip(reply.first_token[:3], p, strict=False)
            )
            return MissingAnswer(MissingReason.LOW_LABEL_MASS, f"{total:.3f} on the letters; {said}")
        if on_options <= 0.0:
            return MissingAnswer(MissingReason.DONT_KNOW, "all label mass lies on don't know")
        if 0.0 in mass and _hidden(p, mass) > _HIDDEN_LIMIT * on_options:
            return MissingAnswer(MissingReason.TRUNCATED, f"{len(reply.first_token)} alternatives reported")
        whole = math.log(on_options)
        logs = tuple([math.log(m) - whole if m > 0.0 else -math.inf for m in mass])
        return Answer(logs, total, self.name, dont_know=unsure / (on_options + unsure), stray_mass=stray)


def _probabilities(first_token: Sequence[tuple[str, float]]) -> list[float]:
    """The probability of each token that was reported."""
    return [math.exp(lp) for _, lp in first_token]


def _letter_mass(
    first_token: Sequence[tuple[str, float]], probabilities: Sequence[float], form: Form
) -> tuple[list[float], float, float]:
    """Probability of each option in scale order, of "don't know", and of other letters; variants summed."""
    places, options = form.places, len(form.order)
    mass = [0.0] * (options + 3)
    for (token, _), p in zip(first_token, probabilities, strict=True):
        mass[places[token]] += p
    return mass[:options], mass[options], mass[options + 1]


def _hidden(reported: Sequence[float], mass: Sequence[float]) -> float:
    """An upper bound on the probability of the letters that were not reported."""
    absent = mass.count(0.0)
    residual = max(0.0, 1.0 - math.fsum(reported))
    return min(residual, absent * min(reported))
