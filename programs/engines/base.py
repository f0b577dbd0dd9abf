"""What an engine is, and how its responses become replies and back.

An engine answers one request. Wrappers around it (patience, durability) speak the leaner ``reply``: one
small ``Reply`` in place of a tree of response objects, which would cost more than everything else here.
"""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from operator import itemgetter
from typing import Any, ClassVar, Protocol, TypeVar, cast

from dspy.lm15 import Message, Request, Response, TextPart, TokenLogprob, TopLogprob, Usage
from pydantic import BaseModel, ValidationError

from value_personas.programs.engines.replies import Reply
from value_personas.programs.engines.settings import EngineSettings
from value_personas.signatures import RecipeError

_ROUNDING = 1e-3
"""How far above 0 a log-probability may lie by rounding."""

_LEAST = -1e300
"""What is below is a probability of 0, or no number of the machine's."""

_FINISH_REASONS = frozenset({"stop", "length", "tool_call", "content_filter", "error"})


class Engine(Protocol):
    """One way of reaching a language model: one attempt for one request.

    ``complete`` raises the errors of ``dspy.lm15`` (``RateLimitError`` with ``retry_after``,
    ``ServerError``, ``TimeoutError``, ``TransportError``, ``AuthError``, ``InvalidRequestError``,
    ``UnsupportedModelError`` ...). It never retries, stores or counts: the wrappers do.

    Attributes:
        identity: engine kind, endpoint and every parameter that changes answers; never a credential.
    """

    identity: str

    async def complete(self, request: Request) -> Response:
        """Answer one request."""
        ...

    async def aclose(self) -> None:
        """Let go of connections. Closing twice is allowed."""
        ...


class SyncEngine(Protocol):
    """An engine that computes in this thread, such as the synthetic respondent.

    It may have a lean ``reply(request, sample) -> Reply`` as well, which is then used.
    """

    identity: str

    def complete(self, request: Request) -> Response:
        """Answer one request."""
        ...


class Replier(Protocol):
    """An engine's lean side: what the wrappers and the model speak among themselves."""

    identity: str

    # An engine that answers at once, in this thread and at no cost, may say so: ``is_free = True``.

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request; ``sample`` tells several draws of the same request apart."""
        ...

    async def aclose(self) -> None:
        """Let go of connections. Closing twice is allowed."""
        ...


class ManyReplier(Replier, Protocol):
    """A replier that may be asked for several answers of one request in one call.

    Attributes:
        at_once: how many at most; 1 when it answers one by one.
    """

    at_once: int

    async def replies(self, request: Request, count: int) -> list[Reply]:
        """Answer a request, and ``count`` − 1 more like it whose seeds follow its own.

        Returns:
            At least one reply and at most ``count``, the first for the request itself. Where the tokens of a
            call are counted together, the replies share them, so that they sum to what was billed.
        """
        ...


class EngineKind:
    """What ``ENGINES`` lists: a class that says what is asked about its engine, and opens one.

    To add an engine, derive a class from this and list it there under what ``lm`` begins with; outside this
    package, list it as an entry point of the group ``value_personas.engines``.

    Attributes:
        parameters: what ``respondent.parameters`` may hold; None where it takes none.
        is_free: whether its answers cost no money.
        is_synthetic: whether its answers are invented: what comes of them bears the word synthetic.
    """

    parameters: ClassVar[type[BaseModel] | None] = None
    is_free: ClassVar[bool] = False
    is_synthetic: ClassVar[bool] = False

    @classmethod
    def opened(cls, settings: EngineSettings, model: str) -> Engine | Replier:
        """An engine by its settings. Nothing is sent yet.

        Args:
            settings: of which the limits are no concern of the engine's.
            model: what follows the first slash of ``lm``.

        Raises:
            RecipeError: for settings that do not fit it.
        """
        raise NotImplementedError


M = TypeVar("M", bound=BaseModel)


def checked(parameters: type[M], given: Mapping[str, Any]) -> M:
    """An engine's own parameters.

    Raises:
        RecipeError: for one that does not fit.
    """
    try:
        return parameters(**given)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise RecipeError(f"parameters.{'.'.join(map(str, wrong['loc']))}: {wrong['msg']}") from None


def as_replier(engine: Engine | Replier) -> Replier:
    """An engine as the wrappers speak to it; one that has ``reply`` itself is returned unchanged."""
    if hasattr(engine, "reply"):
        return cast("Replier", engine)
    return _Reading(engine)  # pyright: ignore[reportArgumentType]  what has no reply is an Engine


class _Reading:
    """Reads the replies out of an engine's responses."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self.identity = engine.identity

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        started = time.perf_counter()
        response = await self._engine.complete(reseeded(request, sample))
        return reply_of(response, time.perf_counter() - started)

    async def aclose(self) -> None:
        await self._engine.aclose()


class InProcess:
    """A synchronous engine as an asynchronous one. It runs in the event loop's thread: it must be quick.

    Draws of one request are told apart by the seed, so that an engine without state can draw anew and
    still gives the same answers whatever the concurrency.
    """

    def __init__(self, engine: SyncEngine) -> None:
        self._engine = engine
        self._lean: Callable[[Request, int], Reply] | None = getattr(engine, "reply", None)
        self.identity = engine.identity

    async def complete(self, request: Request) -> Response:
        """Answer one request."""
        return self._engine.complete(request)

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request; draw ``sample`` has the seed of the request plus ``sample``."""
        if self._lean is not None:
            return self._lean(request, sample)
        started = time.perf_counter()
        if sample:
            request = reseeded(_with_seed(request, request.config.seed or 0), sample)
        return reply_of(self._engine.complete(request), time.perf_counter() - started)

    async def aclose(self) -> None:
        """Nothing to let go of."""


def reseeded(request: Request, sample: int) -> Request:
    """The request of one draw: a stated seed moves on by ``sample``, or every draw would be the same."""
    if not sample or request.config.seed is None:
        return request
    return _with_seed(request, request.config.seed + sample)


def _with_seed(request: Request, seed: int) -> Request:
    return replace(request, config=replace(request.config, seed=seed))


def reply_of(response: Response, latency_s: float) -> Reply:
    """What is kept of a response: its text, its first token's alternatives, its tokens."""
    text = "\n".join(part.text for part in response.message.parts if isinstance(part, TextPart))
    first = response.logprobs[0] if response.logprobs else None
    alternatives = None
    if first is not None:
        alternatives = (
            rank_alternatives((first.token, first.logprob), [(top.token, top.logprob) for top in first.top])
            or None
        )
    usage = response.usage
    return Reply(
        text, alternatives, response.finish_reason, usage.input_tokens, usage.output_tokens, latency_s
    )


def response_of(reply: Reply, model: str) -> Response:
    """A reply as DSPy takes it, whether it was just asked or comes from the store."""
    logprobs = None
    if reply.first_token:
        token, log_probability = next(
            ((t, lp) for t, lp in reply.first_token if t and reply.text.startswith(t)), reply.first_token[0]
        )
        top = tuple(TopLogprob(t, lp) for t, lp in reply.first_token)
        logprobs = (TokenLogprob(token, log_probability, top=top),)
    known = reply.finish_reason in _FINISH_REASONS
    return Response(
        id=None,
        model=model,
        message=Message.assistant(reply.text),
        finish_reason=cast("Any", reply.finish_reason if known else "stop"),
        usage=Usage(input_tokens=reply.input_tokens, output_tokens=reply.output_tokens),
        logprobs=logprobs,
    )


def rank_alternatives(
    chosen: tuple[str, float], alternatives: Sequence[tuple[str, float]]
) -> tuple[tuple[str, float], ...]:
    """The chosen token and its alternatives, most likely first, each once.

    What cannot be a token and its log-probability is left out, and so is a probability of 0, which is written
    in several ways. Different tokens may have one text; the same one listed again would count twice.
    """
    pairs = list(alternatives)
    if all(token != chosen[0] for token, _ in pairs):  # servers differ on whether it is among them
        pairs.append(chosen)
    sound = (
        (token, value)
        for token, value in pairs
        if isinstance(token, str) and isinstance(value, (int, float)) and _LEAST < value <= _ROUNDING
    )
    return tuple(sorted(dict.fromkeys(sound), key=itemgetter(1), reverse=True))
