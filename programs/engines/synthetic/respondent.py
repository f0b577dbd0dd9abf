"""``synthetic/respondent``: the embedded default engine. In-process, no weights, no network.

It knows a person only by the prompt's text, and answers with faults that are stated parameters. It shows
that the method's parts work; what it says of real people means nothing.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache
from hashlib import blake2b
from string import ascii_uppercase
from typing import Any

import numpy as np
from dspy.lm15 import Message, Request, Response, TokenLogprob, TopLogprob, Usage
from pydantic import ValidationError

from value_personas.programs.engines.base import EngineKind
from value_personas.programs.engines.replies import Reply
from value_personas.programs.engines.settings import EngineSettings
from value_personas.programs.engines.synthetic.answering import answer_law
from value_personas.programs.engines.synthetic.combining import combined
from value_personas.programs.engines.synthetic.heeding import heeded_version
from value_personas.programs.engines.synthetic.known_faults import KnownFaults, RespondentParameters
from value_personas.programs.engines.synthetic.lexicon import Belief, load_lexicon
from value_personas.programs.engines.synthetic.perceiving import Perception, perceive
from value_personas.programs.engines.synthetic.prompts import (
    DescriptorTask,
    QuestionTask,
    joined,
    read_request,
)
from value_personas.programs.engines.synthetic.questions import option_positions, recognise_question
from value_personas.programs.engines.synthetic.reading import read_description
from value_personas.programs.engines.synthetic.tokens import REFUSAL, draw_letter, first_token_alternatives
from value_personas.programs.engines.synthetic.writing import write_descriptor
from value_personas.signatures import RecipeError

_UNKNOWN_CENTRE, _UNKNOWN_SPREAD = 0.5, 0.35
"""What is thought of a question that is not recognised: anything, the middle rather than the ends."""

_WITHIN_VARIANCE = 0.08
"""Of a value item among the people of a country, in unit coordinates: a forecast spreads by as much more."""

_PUZZLED = "I do not see which question I am asked."


class SyntheticRespondent(EngineKind):
    """A DSPy engine whose faults are parameters.

    It writes descriptors, answers questions as a described person with a letter and first-token
    log-probabilities, and states distributions in words. Everything is a function of the request's text,
    its seed and the parameters: any draw comes from a hash of these.

    Args:
        seed: of beliefs' errors, refusals and drawn answers.
        parameters: fields of ``KnownFaults``; those left out have their defaults.

    Raises:
        RecipeError: for a parameter that does not exist or is out of range.

    Attributes:
        identity: the name, the lexicon's version and every parameter that is on.
        faults: the parameters.

    Example:
        >>> engine = SyntheticRespondent(spill_over=0.0)
        >>> lm = dspy.LM("synthetic/respondent", engine=engine, cache=False)
    """

    parameters = RespondentParameters
    is_free = True
    is_synthetic = True

    supports_response_schema = False
    supported_params = frozenset({"temperature", "max_tokens", "logprobs", "top_logprobs", "seed"})

    def __init__(self, *, seed: int = 0, **parameters: Any) -> None:
        if isinstance(seed, bool) or not isinstance(seed, int):
            raise RecipeError(
                f"synthetic/respondent: parameter 'seed': expected a whole number (got {seed!r})"
            )
        self.seed = seed
        self.faults = _faults(parameters)
        stated = json.dumps({"seed": seed, **self.faults.stated()}, sort_keys=True)
        lexicon = load_lexicon()
        known = f"{lexicon.version}+{lexicon.later}" if self.faults.knows_more else lexicon.version
        if self.faults.carelessness:
            known += f"+{heeded_version()}"
        self.identity = f"synthetic/respondent lexicon={known} {stated}"
        # Thousands of requests share a persona, and all share the questions.
        self._perceive = lru_cache(maxsize=8192)(self._perceive_text)
        self._imagine = lru_cache(maxsize=256)(self._imagine_population)
        self._recall = lru_cache(maxsize=1024)(self._recall_question)

    @classmethod
    def opened(cls, settings: EngineSettings, model: str) -> "AsyncSyntheticRespondent":
        """With the faults of the settings."""
        return AsyncSyntheticRespondent(cls(**settings.parameters))

    def complete(self, request: Request) -> Response:
        """Answer one request."""
        reply = self.reply(request)
        logprobs = None
        if reply.first_token:
            top = tuple(TopLogprob(token, lp) for token, lp in reply.first_token)
            chosen = max(top, key=lambda t: (reply.text.startswith(t.token), t.logprob))
            logprobs = (TokenLogprob(chosen.token, chosen.logprob, top=top),)
        return Response(
            id=None,
            model=request.model,
            message=Message.assistant(reply.text),
            finish_reason="length" if reply.finish_reason == "length" else "stop",
            usage=Usage(input_tokens=reply.input_tokens, output_tokens=reply.output_tokens),
            logprobs=logprobs,
        )

    def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request without building DSPy's tree of response objects.

        Args:
            request: what is asked.
            sample: sets draws of one request apart, as another seed would.
        """
        task = read_request(request)
        text = "\0".join([joined(message.parts) for message in request.messages])
        seed = (request.config.seed or 0) + sample
        if isinstance(task, QuestionTask):
            return self._answer(request, task, _without_letters(text, task), seed)
        said = _PUZZLED
        if isinstance(task, DescriptorTask):
            said = _in_field("descriptor", write_descriptor(task, seed + self.seed, self.faults.carelessness))
        return _spoken(said, text)

    def dump_state(self) -> dict[str, Any]:
        """The parameters, as JSON: all that there is to it."""
        return {"seed": self.seed, **self.faults.model_dump()}

    @classmethod
    def load_state(cls, state: Mapping[str, Any]) -> "SyntheticRespondent":
        """The engine that was dumped."""
        return cls(**state)

    def _perceive_text(self, description: str) -> Perception:
        return perceive(read_description(description, self.faults.stereotype > 0.0), self.faults)

    def _imagine_population(self, description: str) -> Perception:
        """The mean member of a population, so far as its published results are known."""
        known = {"country_knowledge": self.faults.forecast_knowledge}
        return perceive(read_description(description), self.faults.model_copy(update=known))

    def _recall_question(self, text: str) -> Belief | None:
        """A question as this respondent believes it to work: with its own error in each loading."""
        belief = recognise_question(text)
        error = self.faults.knowledge_error
        if belief is None or belief.item or error == 0.0:
            return belief
        digest = blake2b(f"{self.seed} {belief.code}".encode(), digest_size=8).digest()
        rng = np.random.default_rng(int.from_bytes(digest, "big"))
        loadings = {item: b * (1.0 + error * rng.standard_normal()) for item, b in belief.loadings.items()}
        centre = belief.centre + 0.1 * error * rng.standard_normal()
        return replace(belief, centre=float(centre), loadings=loadings)

    def _letter_law(self, task: QuestionTask) -> dict[str, float]:
        """The probability of each listed letter, summing to 1."""
        belief = self._recall(task.question)
        positions = option_positions(task.labels, belief.scale if belief else None)
        location, spread = _UNKNOWN_CENTRE, _UNKNOWN_SPREAD
        if belief is not None:
            location, spread = self._location(task, belief)
        p = answer_law(location, positions, spread, 1.0 if task.forecast else self.faults.sharpness)
        if self.faults.order_effect:
            p[0] *= math.exp(self.faults.order_effect)
            total = math.fsum(p)
            p = [mass / total for mass in p]
        return dict(zip(task.letters, p, strict=True))

    def _location(self, task: QuestionTask, belief: Belief) -> tuple[float, float]:
        """Where a person's answers lie and how far they spread, or those of a population."""
        if task.forecast:
            variance = _WITHIN_VARIANCE * math.fsum(b * b for b in belief.loadings.values())
            usual = self._imagine(task.description)
            location = _locate(usual, belief)
            if self.faults.interplay:
                together = belief.usual_interplay(usual.values, math.sqrt(_WITHIN_VARIANCE))
                location += self.faults.interplay * together
            return location, math.sqrt(belief.spread**2 + variance)
        perceived = self._perceive(task.description)
        location = _locate(perceived, belief)
        if self.faults.interplay:
            location += self.faults.interplay * belief.interplay(perceived.values)
        if self.faults.unadditive and not belief.item:
            location += combined(belief, perceived.values, self.faults.unadditive)
        return location, belief.spread

    def _answer(self, request: Request, task: QuestionTask, text: str, seed: int) -> Reply:
        """A refusal, a stated distribution, or a letter with its alternatives."""
        refusal, draw = self._chances(text, seed)
        law, refused = self._letter_law(task), refusal < self.faults.refusal_rate
        said = draw_letter(law, request.config.temperature, draw)
        if task.verbalised:
            said = json.dumps({letter: round(p, 4) for letter, p in law.items()})
        if refused:
            said = REFUSAL
        elif task.field:
            said = _in_field(task.field, said)
        if request.config.logprobs is None or task.field or task.verbalised:
            return _spoken(said, text, request.config.max_tokens)
        tokens = first_token_alternatives(law, self.faults.label_noise, refused, int(request.config.logprobs))
        return _spoken(said, text, request.config.max_tokens, tokens)

    def _chances(self, text: str, seed: int) -> tuple[float, float]:
        """Two numbers in [0, 1) that depend on nothing but the request's text and the seeds."""
        digest = blake2b(f"{self.seed} {seed} {text}".encode(), digest_size=16).digest()
        return int.from_bytes(digest[:8], "big") / 2.0**64, int.from_bytes(digest[8:], "big") / 2.0**64


class AsyncSyntheticRespondent:
    """The same respondent behind an asynchronous engine's interface.

    Attributes:
        identity: that of the respondent.
    """

    is_free = True

    def __init__(self, respondent: SyntheticRespondent) -> None:
        self.respondent = respondent
        self.identity = respondent.identity

    async def complete(self, request: Request) -> Response:
        """Answer one request, at once."""
        return self.respondent.complete(request)

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request with what is kept of a response."""
        return self.respondent.reply(request, sample)

    async def aclose(self) -> None:
        """Nothing to let go of."""


def _faults(parameters: Mapping[str, Any]) -> KnownFaults:
    try:
        return KnownFaults(**parameters)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        known = ", ".join(KnownFaults.model_fields)
        raise RecipeError(
            f"synthetic/respondent: parameter {name!r}: {first['msg']} (got {first['input']!r}); "
            f"it takes seed, {known}"
        ) from None


def _locate(perception: Perception, belief: Belief) -> float:
    """U = centre + Σ b·(x − ½). Asked for what the description states, it repeats what is stated."""
    if belief.item and belief.code in perception.stated:
        return perception.stated[belief.code]
    values = perception.values
    return belief.centre + math.fsum(b * (values[item] - 0.5) for item, b in belief.loadings.items())


def _without_letters(text: str, task: QuestionTask) -> str:
    """A page's text to draw from: its options counted off, so that no draw hangs on how they are lettered."""
    if "".join(task.letters) == ascii_uppercase[: len(task.letters)]:
        return text
    for counted, letter, label in zip(ascii_uppercase, task.letters, task.labels, strict=False):
        if letter != counted:
            text = text.replace(f"\n{letter}. {label}", f"\n{counted}. {label}")
    return text


def _in_field(field: str, text: str) -> str:
    return f"[[ ## {field} ## ]]\n{text}\n\n[[ ## completed ## ]]"


def _spoken(
    said: str, prompt: str, max_tokens: int | None = None, tokens: tuple[tuple[str, float], ...] | None = None
) -> Reply:
    """A reply of at most so many words; a word stands for a token where tokens are counted."""
    words = said.split(" ")
    cut = max_tokens is not None and len(words) > max_tokens
    text = " ".join(words[:max_tokens]) if cut else said
    return Reply(text, tokens, "length" if cut else "stop", prompt.count(" ") + 1, text.count(" ") + 1)
