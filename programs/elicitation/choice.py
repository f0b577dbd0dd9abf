"""Which way of asking a model allows: found out by one real question at the start of a run."""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from value_personas.programs.elicitation.base import Elicitation
from value_personas.programs.elicitation.first_token import FirstTokenLogprobs
from value_personas.programs.elicitation.forms import Form, forms_of
from value_personas.programs.elicitation.sampled import SampledAnswers
from value_personas.programs.elicitation.verbalised import VerbalisedDistribution
from value_personas.programs.engines.model import Model, ReplyFailure
from value_personas.programs.rendering import PromptTemplate
from value_personas.signatures import EngineError, Persona, Question

__all__ = ["ElicitationName", "ElicitationSettings", "choose_elicitation"]

ElicitationName = Literal["auto", "logprobs", "sampled", "verbalised"]


class ElicitationSettings(BaseModel):
    """How an answer is got out of a model, as it stands in a recipe.

    Attributes:
        mode: ``auto`` takes log-probabilities where the engine gives them, else sampled answers.
        min_label_mass: the least probability on the options' letters for an answer to count.
        draws: sampled answers a form of a question.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    mode: ElicitationName = "auto"
    min_label_mass: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    draws: Annotated[int, Field(ge=1)] = 10


async def choose_elicitation(
    model: Model, settings: ElicitationSettings, persona: Persona, question: Question
) -> tuple[Elicitation, str]:
    """Decide how to ask, and say why.

    The probe is the first question of the run itself, so where log-probabilities come nothing is wasted.

    Returns:
        The elicitation, and a sentence for the record.

    Raises:
        EngineError: when the recipe demands log-probabilities and the engine gives none.
    """
    sampled = SampledAnswers(draws=settings.draws)
    if settings.mode == "sampled":
        return sampled, f"{settings.draws} sampled answers a page, as the recipe asks"
    if settings.mode == "verbalised":
        return VerbalisedDistribution(), "stated distributions, as the recipe asks"
    by_logprobs = FirstTokenLogprobs(min_label_mass=settings.min_label_mass)
    form = forms_of(question, "forward")[0]
    if await _gives_logprobs(model, by_logprobs, persona, form):
        return by_logprobs, "first-token log-probabilities: the engine reports them"
    if settings.mode == "logprobs":
        raise EngineError(
            f"{model.name} answered without log-probabilities, which the recipe demands; "
            'serve it with log-probabilities, or set respondent.elicitation.mode = "sampled"'
        )
    return sampled, f"{settings.draws} sampled answers: the engine reports no log-probabilities"


async def _gives_logprobs(model: Model, way: FirstTokenLogprobs, persona: Persona, form: Form) -> bool:
    values = {"persona": persona.text, "question": form.question.text, "options": form.options}
    template = PromptTemplate.of(way.signature, way.adapter)
    try:
        reply = await model.reply(template.request(model.name, values, way.config(0)))
    except ReplyFailure as failure:
        raise EngineError(
            f"{model.name} gave no reply to the first question ({failure.reason}: {failure.detail}); "
            "check that the engine is up with: value-personas engine check"
        ) from failure
    return way.usable(reply, form)
