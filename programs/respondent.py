"""The respondent: a model that answers one question as one persona."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import dspy

from value_personas.programs.elicitation import (
    Elicitation,
    Form,
    OptionOrder,
    average,
    form_in,
    orders_of,
)
from value_personas.programs.engines.replies import Reply
from value_personas.programs.rendering import PromptTemplate, signature_of
from value_personas.signatures import Persona, Question


@dataclass(frozen=True, slots=True)
class AskingStyle:
    """On which pages a question is put; a persona's answer is the average over them.

    Attributes:
        option_order: in which order, or orders, the options stand.
        offers_dont_know: whether "don't know" stands below them.
        wordings: instructions used in place of the signature's own, each in turn; none for its own.
    """

    option_order: OptionOrder = "forward"
    offers_dont_know: bool = False
    wordings: tuple[str, ...] = ()

    def forms(self, question: Question, turn: int) -> tuple[Form, ...]:
        """The forms for the persona of number ``turn``."""
        return self.forms_in(question, self.orders(question, turn))

    def orders(self, question: Question, turn: int) -> tuple[tuple[int, ...], ...]:
        """In which orders the persona of number ``turn`` is shown the options, a page each."""
        return orders_of(question, self.option_order, turn)

    def forms_in(self, question: Question, orders: Iterable[tuple[int, ...]]) -> tuple[Form, ...]:
        """The forms with the options in these orders."""
        return tuple(form_in(question, order, self.offers_dont_know) for order in orders)


class Respondent(dspy.Module):
    """Answer a survey question as a persona.

    ``forward`` goes through ``dspy.Predict``, so that DSPy's optimisers can trace and tune it; a ``Panel``
    sends the same requests in bulk from ``templates``. Both render the same bytes.

    Attributes:
        answer: the predictor; its instruction and demonstrations may be tuned, its name is stable.
        elicitation: how a distribution is got out of the model.
        style: on which pages each question is put.

    Example:
        >>> respondent = Respondent(FirstTokenLogprobs())
        >>> with dspy.context(lm=model.lm):
        ...     respondent(persona=persona, question=question).answer.probabilities
    """

    def __init__(self, elicitation: Elicitation, style: AskingStyle | None = None) -> None:
        super().__init__()
        self.elicitation = elicitation
        self.style = style or AskingStyle()
        self.answer = dspy.Predict(elicitation.signature)

    @property
    def signatures(self) -> tuple[type[dspy.Signature], ...]:
        """The prompt as it stands now, tuned or not, in each of the style's wordings."""
        own = signature_of(self.answer)
        return tuple(own.with_instructions(wording) for wording in self.style.wordings) or (own,)

    @property
    def templates(self) -> tuple[PromptTemplate, ...]:
        """Each wording, rendered with gaps."""
        adapter, demos = self.elicitation.adapter, self.answer.demos
        return tuple(PromptTemplate.of(signature, adapter, demos) for signature in self.signatures)

    def forward(self, persona: Persona, question: Question, turn: int = 0) -> dspy.Prediction:
        """Ask the configured LM once a wording, form and draw.

        Args:
            persona: who answers.
            question: what is asked.
            turn: the persona's number, for rotated option orders.

        Returns:
            A prediction whose ``answer`` is an ``Answer`` or a ``MissingAnswer``.
        """
        answers = []
        for signature in self.signatures:
            for form in self.style.forms(question, turn):
                draws = range(self.elicitation.draws)
                replies = [self._reply(signature, persona, form, draw) for draw in draws]
                answers.append(self.elicitation.read(form, replies))
        return dspy.Prediction(answer=average(answers))

    def _reply(self, signature: type[dspy.Signature], persona: Persona, form: Form, draw: int) -> Reply:
        config = self.elicitation.config(draw)
        options: dict[str, Any] = {"temperature": config.temperature, "max_tokens": config.max_tokens}
        if config.logprobs is not None:
            options |= {"logprobs": True, "top_logprobs": config.logprobs}
        if config.seed is not None:
            options["seed"] = config.seed
        with dspy.context(adapter=self.elicitation.adapter):
            said = self.answer(
                signature=signature, config=options, **form_values(signature.input_fields, persona.text, form)
            )
        (output,) = signature.output_fields
        return Reply(said[output], _first_token(said.get("logprobs")), finish_reason="stop")


def form_values(fields: Iterable[str], who: str, form: Form) -> dict[str, str]:
    """The input fields of a respondent's signature for one form.

    Args:
        fields: their names: of whoever is asked, the question and the options, in this order.
        who: the persona's text.
        form: the question on its page.
    """
    return dict(zip(fields, (who, form.question.text, form.options), strict=True))


def _first_token(logprobs: Any) -> tuple[tuple[str, float], ...] | None:
    """DSPy's log-probabilities of the first token, chosen token included once."""
    content = (logprobs or {}).get("content") or ()
    if not content:
        return None
    first = content[0]
    ranked = {top["token"]: top["logprob"] for top in first.get("top_logprobs") or ()}
    ranked.setdefault(first["token"], first["logprob"])
    return tuple(sorted(ranked.items(), key=lambda pair: -pair[1]))
