"""Which way of asking a model allows: found out by a few real questions at the start of a run."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Annotated, Literal

from dspy.lm15 import Request
from pydantic import Field

from value_personas.programs.elicitation.base import Elicitation
from value_personas.programs.elicitation.first_token import FirstTokenLogprobs
from value_personas.programs.elicitation.forms import Form, OptionOrder, forms_of
from value_personas.programs.elicitation.sampled import SampledAnswers
from value_personas.programs.elicitation.verbalised import VerbalisedDistribution
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.patient import RefusedError, probing
from value_personas.programs.engines.replies import Reply, ReplyFailure
from value_personas.programs.rendering import PromptTemplate
from value_personas.signatures import (
    Answer,
    EngineError,
    Frozen,
    MissingAnswer,
    MissingReason,
    Persona,
    Question,
)

ElicitationName = Literal["auto", "logprobs", "sampled", "verbalised"]

_FEWER = 5
"""Alternatives that a server may give where it refuses more: OpenAI's older models and those after them."""


class ElicitationSettings(Frozen):
    """How an answer is got out of a model, as it stands in a recipe.

    Attributes:
        mode: ``auto`` takes log-probabilities where the engine gives them, else sampled answers.
        min_label_mass: the least probability on the options' letters for an answer to count.
        draws: sampled answers a form of a question.
        top_logprobs: alternatives of the first token that are asked for; fewer where the server refuses.
        max_tokens: the longest reply, instead of each way's own. A model that thinks needs hundreds.
    """

    mode: ElicitationName = "auto"
    min_label_mass: Annotated[float, Field(ge=0.0, le=1.0)] = 0.5
    draws: Annotated[int, Field(ge=1)] = 10
    top_logprobs: Annotated[int, Field(ge=1, le=1000)] = 20
    max_tokens: Annotated[int, Field(ge=1)] | None = None

    def by_logprobs(self, top: int) -> FirstTokenLogprobs:
        """Log-probabilities with so many alternatives."""
        return FirstTokenLogprobs(
            self.min_label_mass, top, self.max_tokens or FirstTokenLogprobs().max_tokens
        )

    def sampled(self) -> SampledAnswers:
        """Sampled answers."""
        return SampledAnswers(self.draws, self.max_tokens or SampledAnswers().max_tokens)


@dataclass(frozen=True, slots=True)
class Finding:
    """What asking a model showed.

    Attributes:
        way: the way of asking that works.
        top: alternatives of the first token that are asked for.
        why: the reason, for the record.
        refused: whether something was refused, which only asking again would show again.
    """

    way: Literal["logprobs", "sampled"]
    top: int
    why: str
    refused: bool = False


async def choose_elicitation(
    model: Model,
    settings: ElicitationSettings,
    persona: Persona,
    question: Question,
    order: OptionOrder = "forward",
) -> tuple[Elicitation, str]:
    """Decide how to ask, and say why.

    The probe begins with a question of the run itself, so where log-probabilities come nothing is
    wasted. What the server refused is kept in the store, and not asked again.

    Args:
        model: what is asked.
        settings: how a recipe wants it asked.
        persona: the first of its kind.
        question: one of the run's.
        order: in which order its options stand there, so that the page is the run's too.

    Returns:
        The elicitation, and a sentence for the record.

    Raises:
        EngineError: when the recipe demands log-probabilities and the engine gives none.
    """
    if settings.mode == "sampled":
        return settings.sampled(), f"{settings.draws} sampled answers a page, as the recipe asks"
    if settings.mode == "verbalised":
        longest = settings.max_tokens or VerbalisedDistribution().max_tokens
        return VerbalisedDistribution(longest), "stated distributions, as the recipe asks"
    kept = model.recall(_name(settings))
    if kept is not None:
        finding = Finding(**json.loads(kept))
    else:
        finding = await probe_ways(model, settings, persona, question, order)
        await keep_finding(model, settings, finding)
    if finding.way == "logprobs":
        return settings.by_logprobs(finding.top), finding.why
    return settings.sampled(), f"{settings.draws} sampled answers: {finding.why}"


async def keep_finding(model: Model, settings: ElicitationSettings, finding: Finding) -> None:
    """Have the next run begin with what was found out; what replies show is in the store already."""
    await model.remember(_name(settings), json.dumps(asdict(finding)) if finding.refused else None)


def _name(settings: ElicitationSettings) -> str:
    return json.dumps(["elicitation", settings.mode, settings.min_label_mass, settings.top_logprobs])


async def probe_ways(
    model: Model,
    settings: ElicitationSettings,
    persona: Persona,
    question: Question,
    order: OptionOrder = "forward",
) -> Finding:
    """Try log-probabilities with many alternatives, with few, without; then a sampled answer.

    It takes one call where the first reply can be read, and six where nothing works; a server's refusals of
    single parameters, which are learnt on the way, come on top.

    Raises:
        EngineError: when the model answers in no way, or not in the one that the recipe demands.
    """
    asked = _Probe(model, persona, question, order)
    refusals: list[str] = []
    for top in dict.fromkeys((settings.top_logprobs, min(settings.top_logprobs, _FEWER))):
        way = settings.by_logprobs(top)
        try:
            with probing():
                readings = await asked.readings(way)
        except RefusedError as refusal:
            refusals.append(refusal.detail)
            continue
        if not _none_read(readings) or (settings.mode == "logprobs" and not _lacks_logprobs(readings)):
            return Finding("logprobs", top, _reported(top, refusals), bool(refusals))
        problem = f"none of {len(readings)} pages could be read from log-probabilities ({_said(readings)})"
        if _lacks_logprobs(readings):
            problem = "the engine reports no log-probabilities"
        break
    else:
        problem = f"the engine refuses log-probabilities ({refusals[-1]})"
    if settings.mode == "logprobs":
        raise EngineError(
            f"{model.name}: {problem}, which the recipe demands; "
            'serve it with log-probabilities, or set respondent.elicitation.mode = "sampled"'
        )
    return Finding("sampled", 0, problem + await asked.remark(settings.sampled()), bool(refusals))


class _Probe:
    """Asks a model one question, on one page and then on others."""

    def __init__(self, model: Model, persona: Persona, question: Question, order: OptionOrder) -> None:
        self._model = model
        self._persona = persona
        forms = (
            forms_of(question, order),
            forms_of(question, "forward"),
            forms_of(question, "reversed"),
            forms_of(question, "rotated", 1),
        )
        self._forms = tuple(dict.fromkeys(form for form, *_ in forms))[:3]

    async def readings(self, way: FirstTokenLogprobs) -> list[Answer | MissingAnswer]:
        """What is read from the first page, and from the others where that is nothing."""
        readings: list[Answer | MissingAnswer] = []
        for form in self._forms:
            readings.append(way.read(form, [await self._reply(way, form)]))
            if not _none_read(readings) or _lacks_logprobs(readings):
                break
        return readings

    async def remark(self, way: SampledAnswers) -> str:
        """What to know of the first sampled answer, where it is none."""
        form = self._forms[0]
        reading = way.read(form, [await self._reply(way, form)] * way.draws)
        if isinstance(reading, Answer) or reading.reason is MissingReason.DONT_KNOW:
            return ""
        advice = ""
        if reading.reason in (MissingReason.REASONING_ONLY, MissingReason.EMPTY):
            advice = "; a model that thinks needs respondent.elicitation.max_tokens, or reasoning_effort"
        return f"; the first of them was none ({reading.reason}: {reading.detail[:80]!r}{advice})"

    async def _reply(self, way: Elicitation, form: Form) -> Reply:
        try:
            return await self._model.reply(self._request(way, form))
        except RefusedError:
            raise
        except ReplyFailure as failure:
            raise EngineError(
                f"{self._model.name} gave no reply to the first question ({failure.reason}: "
                f"{failure.detail}); check that the engine is up with: value-personas engine check"
            ) from failure

    def _request(self, way: Elicitation, form: Form) -> Request:
        values = {"persona": self._persona.text, "question": form.question.text, "options": form.options}
        template = PromptTemplate.of(way.signature, way.adapter)
        return template.request(self._model.name, values, way.config(0))


def _none_read(readings: Sequence[Answer | MissingAnswer]) -> bool:
    """Whether nothing was read; "don't know" is something."""
    return all(isinstance(r, MissingAnswer) and r.reason is not MissingReason.DONT_KNOW for r in readings)


def _lacks_logprobs(readings: Sequence[Answer | MissingAnswer]) -> bool:
    return any(isinstance(r, MissingAnswer) and r.reason is MissingReason.NO_LOGPROBS for r in readings)


def _said(readings: Sequence[Answer | MissingAnswer]) -> str:
    """The commonest reason, and an example of it."""
    missing = [r for r in readings if isinstance(r, MissingAnswer)]
    reason, _ = Counter(m.reason for m in missing).most_common(1)[0]
    return f"{reason}: {next(m.detail for m in missing if m.reason is reason)[:80]}"


def _reported(top: int, refusals: Sequence[str]) -> str:
    if not refusals:
        return "first-token log-probabilities: the engine reports them"
    return f"first-token log-probabilities with {top} alternatives: the engine refuses more ({refusals[0]})"
