"""Requests as the project sends them, for tests of the synthetic respondent."""

from collections.abc import Sequence

from dspy.lm15 import Config, Request

from data.codebook import load_codebook
from data.instruments import load_instrument
from programs.elicitation import FirstTokenLogprobs, forms_of
from programs.engines.synthetic import SyntheticRespondent
from programs.rendering import PlainAdapter, PromptTemplate, parse_reply_fields, render_request
from signatures import Answer, AnswerAsPersona, HedgedDescriptor, Question, UnhedgedDescriptor, ValueItem

__all__ = ["ITEMS", "QUESTIONS", "ask", "descriptor", "persona", "question_request"]

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
