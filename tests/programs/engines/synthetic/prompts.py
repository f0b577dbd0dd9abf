"""Requests as the project sends them, for tests of the synthetic respondent."""

from collections.abc import Sequence
from functools import cache

import numpy as np
from dspy.lm15 import Config, Request

from value_personas.data.codebooks.codebook import load_codebook
from value_personas.data.codebooks.instruments import load_instrument
from value_personas.programs.elicitation import FirstTokenLogprobs, forms_of
from value_personas.programs.engines.synthetic import SyntheticRespondent
from value_personas.programs.rendering import PlainAdapter, PromptTemplate, parse_reply_fields, render_request
from value_personas.signatures import (
    Answer,
    AnswerAsPersona,
    HedgedDescriptor,
    Question,
    UnhedgedDescriptor,
    ValueItem,
)

__all__ = [
    "FAULTLESS",
    "ITEMS",
    "NO_FAULTS",
    "QUESTIONS",
    "SECULAR_TRUSTING",
    "TRADITIONAL",
    "ask",
    "descriptor",
    "persona",
    "question_request",
    "unit_mean",
]

NO_FAULTS: dict[str, float] = {
    "interplay": 1.0,
    "stereotype": 1.0,
    "verbatim_restraint": 0.0,
    "number_blur": 0.0,
    "prior_pull": 0.0,
    "country_knowledge": 1.0,
    "spill_over": 0.0,
    "hedge_relief": 1.0,
    "knowledge_error": 0.0,
    "sharpness": 1.0,
    "order_effect": 0.0,
    "refusal_rate": 0.0,
    "label_noise": 0.0,
}
"""Every fault off: a perfect reader who knows the true laws."""

FAULTLESS = SyntheticRespondent(**NO_FAULTS)
TRADITIONAL = (1, 1, 0, 2, 9, 0, 0, 0, 0, 0)
SECULAR_TRUSTING = (0, 0, 2, 0, 0, 9, 9, 3, 2, 4)
"""Positions on the ten items, in the order of the instrument."""


ITEMS: dict[str, ValueItem] = {item.code: item for item in load_instrument("inglehart-welzel").items}
QUESTIONS: dict[str, Question] = {
    code: entry.question for code, entry in load_codebook("wvs7").questions.items()
}
_TEMPLATE = PromptTemplate.of(AnswerAsPersona, PlainAdapter())
_BY_LOGPROBS = FirstTokenLogprobs()


def question_request(
    text: str, question: Question, *, order: str = "forward", config: Config | None = None
) -> Request:
    form = forms_of(question, order)[0]  # type: ignore[arg-type]
    values = {"persona": text, "question": question.text, "options": form.options}
    return _TEMPLATE.request("synthetic/respondent", values, config or _BY_LOGPROBS.config(0))


def ask(engine: SyntheticRespondent, text: str, question: Question, order: str = "forward") -> list[float]:
    """The distribution that the project reads off the engine's reply, in the order of the scale."""
    reply = engine.reply(question_request(text, question, order=order))
    answer = _BY_LOGPROBS.read(forms_of(question, order)[0], [reply])  # type: ignore[arg-type]
    assert isinstance(answer, Answer), answer
    return answer.probabilities.tolist()


@cache
def descriptor(
    engine: SyntheticRespondent,
    item: ValueItem,
    position: int,
    *,
    hedged: bool = True,
    address: str = "you",
    seed: int = 0,
) -> str:
    labels = item.scale.labels
    inputs = {
        "item": item.text,
        "scale": list(labels),
        "answer": labels[position],
        "neighbours": [*labels[max(position - 1, 0) : position], *labels[position + 1 : position + 2]],
        "composite": item.composite,
        "address": address,
    }
    signature = HedgedDescriptor if hedged else UnhedgedDescriptor
    request = render_request(signature, [], inputs, "synthetic/respondent", Config(max_tokens=400, seed=seed))
    fields = parse_reply_fields(signature, engine.reply(request).text)
    assert fields is not None
    return str(fields["descriptor"])


def persona(engine: SyntheticRespondent, positions: Sequence[int], *, hedged: bool = True) -> str:
    """A persona that carries a position on each of the ten items, in their order."""
    answers = zip(ITEMS.values(), positions, strict=True)
    lines = [f"- {descriptor(engine, item, int(at), hedged=hedged)}" for item, at in answers]
    return "\n".join(["This is what is known of you:", *lines])


def unit_mean(p: list[float]) -> float:
    """The mean of an answer, on a scale from 0 to 1 in the order of the codes."""
    return float(np.dot(p, np.linspace(0.0, 1.0, len(p))))
