"""A distribution from repeated answers, for engines that report no log-probabilities."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import dspy
from dspy.lm15 import Config

from value_personas.programs.elicitation.base import reason_of_silence
from value_personas.programs.elicitation.forms import Form
from value_personas.programs.elicitation.reply_parser import parse_reply
from value_personas.programs.engines.replies import Reply
from value_personas.programs.rendering import PlainAdapter
from value_personas.signatures import Answer, AnswerAsPersona, MissingAnswer, MissingReason


@dataclass(frozen=True, slots=True)
class SampledAnswers:
    """Ask n times at temperature 1 and count.

    Draws that are no answer are asked again once each; if after that fewer than half of the draws are
    answers, the answer is missing for the commonest reason. ``label_mass`` is the share that were answers.

    Attributes:
        draws: how many answers are drawn.
        max_tokens: the longest reply that is paid for.
    """

    draws: int = 10
    max_tokens: int = 24
    signature: type[dspy.Signature] = AnswerAsPersona

    name = "sampled"
    adapter = PlainAdapter()

    @property
    def redraws(self) -> int:
        """At most every draw once more."""
        return self.draws

    def config(self, draw: int) -> Config:
        """Temperature 1, so that draws follow the model's own distribution; the seed sets them apart."""
        return Config(temperature=1.0, max_tokens=self.max_tokens, seed=draw)

    def usable(self, reply: Reply, form: Form) -> bool:
        """Whether the reply chose an option, or the "don't know" that it was offered."""
        return not _is_no_answer(_outcome(reply, form))

    def read(self, form: Form, replies: Sequence[Reply]) -> Answer | MissingAnswer:
        """Relative frequencies of the options among the draws that chose one."""
        outcomes = [_outcome(reply, form) for reply in replies]
        chosen = Counter(o for o in outcomes if isinstance(o, int))
        unsure = sum(isinstance(o, MissingAnswer) and o.reason is MissingReason.DONT_KNOW for o in outcomes)
        n = chosen.total()
        if n == 0 or 2 * (n + unsure) < self.draws:
            return _commonest([o for o in outcomes if isinstance(o, MissingAnswer)])
        shares = (chosen[i] / n for i in range(len(form.order)))
        logs = tuple(math.log(share) if share else -math.inf for share in shares)
        return Answer(logs, (n + unsure) / len(outcomes), self.name, n, unsure / (n + unsure))


def _outcome(reply: Reply, form: Form) -> int | MissingAnswer:
    """What a reply chose, or why it chose nothing."""
    if not reply.text.strip():
        return MissingAnswer(reason_of_silence(reply), f"no words; it ended by: {reply.finish_reason}")
    return parse_reply(reply.text, form)


def _is_no_answer(outcome: int | MissingAnswer) -> bool:
    return isinstance(outcome, MissingAnswer) and outcome.reason is not MissingReason.DONT_KNOW


def _commonest(missing: Sequence[MissingAnswer]) -> MissingAnswer:
    reason, _ = Counter(m.reason for m in missing).most_common(1)[0]
    return next(m for m in missing if m.reason == reason)
