"""The respondent: a model that answers one question as one persona."""

from typing import Any

import dspy

from programs.elicitation import Elicitation, Form, OptionOrder, average, forms_of
from programs.rendering import PlainAdapter, PromptTemplate
from programs.replies import Reply
from signatures import Persona, Question

__all__ = ["Respondent"]


class Respondent(dspy.Module):
    """Answer a survey question as a persona.

    ``forward`` goes through ``dspy.Predict``, so that DSPy's optimisers can trace and tune it; a ``Panel``
    sends the same requests in bulk from ``template``. Both render the same bytes.

    Attributes:
        answer: the predictor; its instruction and demonstrations may be tuned, its name is stable.
        elicitation: how a distribution is got out of the model.
        option_order: on which forms each question is put.

    Example:
        >>> respondent = Respondent(FirstTokenLogprobs())
        >>> with dspy.context(lm=model.lm):
        ...     respondent(persona=persona, question=question).answer.probabilities
    """

    def __init__(self, elicitation: Elicitation, option_order: OptionOrder = "forward") -> None:
        super().__init__()
        self.elicitation = elicitation
        self.option_order: OptionOrder = option_order
        self.answer = dspy.Predict(elicitation.signature)

    @property
    def template(self) -> PromptTemplate:
        """The prompt as it stands now, tuned or not."""
        return PromptTemplate.of(self.answer.signature, PlainAdapter(), self.answer.demos)

    def forward(self, persona: Persona, question: Question, turn: int = 0) -> dspy.Prediction:
        """Ask the configured LM once a form and draw.

        Args:
            persona: who answers.
            question: what is asked.
            turn: the persona's number, for rotated option orders.

        Returns:
            A prediction whose ``answer`` is an ``Answer`` or a ``MissingAnswer``.
        """
        answers = []
        for form in forms_of(question, self.option_order, turn):
            replies = [self._reply(persona, form, draw) for draw in range(self.elicitation.draws)]
            answers.append(self.elicitation.read(form, replies))
        return dspy.Prediction(answer=average(answers))

    def _reply(self, persona: Persona, form: Form, draw: int) -> Reply:
        config = self.elicitation.config(draw)
        options: dict[str, Any] = {"temperature": config.temperature, "max_tokens": config.max_tokens}
        if config.logprobs is not None:
            options |= {"logprobs": True, "top_logprobs": config.logprobs}
        if config.seed is not None:
            options["seed"] = config.seed
        with dspy.context(adapter=PlainAdapter()):
            said = self.answer(**form_values(persona.text, form), config=options)
        return Reply(said.answer, _first_token(said.get("logprobs")), finish_reason="stop")


def form_values(persona_text: str, form: Form) -> dict[str, str]:
    """The input fields of a respondent's signature for one form."""
    return {"persona": persona_text, "question": form.question.text, "options": form.options}


def _first_token(logprobs: Any) -> tuple[tuple[str, float], ...] | None:
    """DSPy's log-probabilities of the first token, chosen token included once."""
    content = (logprobs or {}).get("content") or ()
    if not content:
        return None
    first = content[0]
    ranked = {top["token"]: top["logprob"] for top in first.get("top_logprobs") or ()}
    ranked.setdefault(first["token"], first["logprob"])
    return tuple(sorted(ranked.items(), key=lambda pair: -pair[1]))
