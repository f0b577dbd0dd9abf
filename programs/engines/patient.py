"""Patience: limits, retries and a clear end around an engine that only ever tries once."""

import asyncio
import math
import random
import time
from collections.abc import AsyncGenerator, Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, NoReturn, cast

from dspy.lm15 import InvalidRequestError, LM15Error, RateLimitError, Request

from value_personas.programs.engines.base import ManyReplier, Replier
from value_personas.programs.engines.faults import (
    AdaptedError,
    UnreachableError,
    ending,
    is_away,
    is_loading,
    is_refusal,
    is_transient,
    missing_reason,
    one_line,
)
from value_personas.programs.engines.limits import (
    Budget,
    Pace,
    Slots,
    Usage,
    estimated_tokens,
)
from value_personas.programs.engines.per_loop import PerLoop
from value_personas.programs.engines.replies import Reply, ReplyFailure
from value_personas.programs.engines.settings import EngineSettings
from value_personas.programs.engines.waiting import Absence, Tell, nobody
from value_personas.signatures import EngineError

Keep = Callable[[list[Reply]], Awaitable[None]]
"""Makes the replies to one call durable."""

_probing: ContextVar[bool] = ContextVar("probing", default=False)


class RefusedError(ReplyFailure):
    """A request that the server does not take, found out while that is what was asked."""


@contextmanager
def probing() -> Iterator[None]:
    """Within it a refusal is a finding, ``RefusedError``, after one call; elsewhere it ends a run."""
    token = _probing.set(True)
    try:
        yield
    finally:
        _probing.reset(token)


def is_probing() -> bool:
    """Whether a refusal is a finding."""
    return _probing.get()


_FIRST_DELAY_S = 0.5
_LONGEST_DELAY_S = 30.0
_LONGEST_POLL_S = 10.0
"""The longest delay between two looks for a server that is away."""

_LAST_REPLIES_S = 5.0
"""How long a call that was sent may go on when whoever asked is interrupted: its reply is paid for."""

_HOPELESS_AFTER = 50
"""Calls given up in a row, none answered between them, after which a run would only waste time."""


async def _unkept(_replies: list[Reply]) -> None:
    """Whoever asks keeps the replies, or needs none kept."""


class PatientEngine:
    """Tries a call until it is answered, given up, or found to be hopeless.

    Transient failures (429, 5xx, time-outs, broken connections, replies that are not what the protocol
    promises) are tried again after an exponentially growing delay with full jitter, or after what the
    server asks for. What remains is a ``ReplyFailure``: one missing answer. A failure that would meet
    every call (``faults.ending``) ends the run. A server that has answered and then is away is waited for as
    long as ``settings.patience_s`` says, whatever number of retries that takes.

    Args:
        engine: tries once.
        settings: the limits.
        usage: the counters to keep.
        first_delay_s: the mean first delay is half of it; tests make it short.
        tell: is told of waits that are longer than a moment.

    Attributes:
        at_once: how many answers of one request are asked for in one call. A server shows whether it gives
            several when it is first asked for them; where it refuses, or gives fewer, this is lowered for
            good and the rest is asked for separately.
        gives_several: whether it does; None as long as it was not asked.
        is_free: whether it answers at once in this thread; then no call waits or runs out of time.
        queue_length: as of the engine; where it queues and times its requests, that is not done here.
        adaptations: what the engine learnt from the server's refusals, in order.
    """

    def __init__(
        self,
        engine: Replier,
        settings: EngineSettings,
        usage: Usage,
        first_delay_s: float = _FIRST_DELAY_S,
        tell: Tell = nobody,
    ) -> None:
        self._engine = engine
        self.identity = engine.identity
        self._settings = settings
        self._usage = usage
        self._budget = Budget(settings, usage)
        self._calls = Pace(settings.requests_per_minute) if settings.requests_per_minute else None
        self._tokens = Pace(settings.tokens_per_minute) if settings.tokens_per_minute else None
        self._slots = PerLoop(self._slots_of_a_loop)
        self._first_delay_s = first_delay_s
        self.at_once = min(getattr(engine, "at_once", 1), settings.answers_per_call)
        self.gives_several: bool | None = None
        self.is_free: bool = getattr(engine, "is_free", False)
        self.queue_length: int = getattr(engine, "queue_length", 0)
        self._waits_elsewhere = self.is_free or self.queue_length > 0
        self.adaptations: list[str] = []
        self._tell = tell
        self._absence = Absence(settings.patience_s, tell)
        self._answered = 0
        self._given_up = 0
        self._awaits_last = False

    async def _slots_of_a_loop(self) -> AsyncGenerator[Slots, None]:
        yield Slots(self._settings.concurrency)

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request.

        Raises:
            ReplyFailure: when it was given up.
            EngineError: when no call can succeed; ``BudgetError`` before one would pass a cap.
        """
        (reply,) = await self.kept(request, sample, 1, _unkept)
        return reply

    async def replies(self, request: Request, count: int) -> list[Reply]:
        """Answer a request and ``count`` − 1 more whose seeds follow its own, in one call.

        Returns:
            At least one reply, and fewer than ``count`` where the server gives no more.

        Raises:
            ReplyFailure, EngineError: as ``reply`` does.
        """
        return await self.kept(request, 0, count, _unkept)

    async def kept(self, request: Request, sample: int, count: int, keep: Keep) -> list[Reply]:
        """Answer a request, or ``count`` draws of it, and have the replies kept before their place is free.

        Calls sent and replies not yet kept are therefore at most ``settings.concurrency``, and so is what a
        kill at any moment costs.

        Args:
            request: what is asked.
            sample: which draw of it.
            count: how many answers in one call.
            keep: makes replies durable.

        Returns:
            What was kept: at least one reply, at most ``count``.

        Raises:
            ReplyFailure, EngineError: as ``reply`` does; and what ``keep`` raises.
        """
        attempt, failed_at = 0, math.inf
        while True:
            try:
                return await self._attempt(request, sample, count, keep)
            except (LM15Error, TimeoutError, ConnectionError) as error:
                if isinstance(error, AdaptedError):
                    self._note(error)
                    delay = 0.0
                elif count > 1 and isinstance(error, InvalidRequestError):
                    count, delay = self._refused_several(), 0.0
                elif _probing.get() and is_refusal(error):
                    raise RefusedError(missing_reason(error), one_line(error)) from None
                else:
                    failed_at = min(failed_at, time.monotonic())
                    delay = self._delay(error, attempt, failed_at)
                    attempt += 1
            self._usage.count(retries=1)
            await asyncio.sleep(delay)

    async def aclose(self) -> None:
        """Close the engine's connections in the running loop."""
        await self._slots.aclose()
        await self._engine.aclose()

    async def _attempt(self, request: Request, sample: int, count: int, keep: Keep) -> list[Reply]:
        if self._waits_elsewhere:
            await self._keep_pace(request, count)
            return await self._pay_and_keep(request, sample, count, keep)
        slots = await self._slots.get()
        await slots.enter()
        started = time.monotonic()
        try:
            await self._keep_pace(request, count)
            replies = await self._sent(self._pay_and_keep(request, sample, count, keep))
            slots.raise_limit()
        except RateLimitError:
            slots.lower_limit(started)
            raise
        finally:
            slots.leave()
        return replies

    async def _sent(self, call: Coroutine[Any, Any, list[Reply]]) -> list[Reply]:
        """Await a call. A cancellation lets it come to its end first, for a while: what comes is kept."""
        task = asyncio.create_task(call)
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            try:
                if not task.done() and not self._awaits_last:
                    self._awaits_last = True
                    self._tell(f"waiting up to {_LAST_REPLIES_S:g} s for replies to calls that were sent")
                await asyncio.wait({task}, timeout=_LAST_REPLIES_S)
            finally:
                if not task.cancel() and not task.cancelled():
                    task.exception()  # nobody is left to be told
            raise

    async def _pay_and_keep(self, request: Request, sample: int, count: int, keep: Keep) -> list[Reply]:
        replies = await self._pay(request, sample, count)
        self._answered += len(replies)
        self._given_up = 0
        self._absence.answered()
        await keep(replies)
        return replies

    async def _pay(self, request: Request, sample: int, count: int) -> list[Reply]:
        replies: list[Reply] = []
        estimate = self._budget.book(request, count)
        try:
            if self._waits_elsewhere:
                replies = await self._try(request, sample, count)
            else:
                async with asyncio.timeout(self._settings.timeout_s):
                    replies = await self._try(request, sample, count)
        finally:
            self._budget.settle(estimate, replies)
        return replies

    async def _try(self, request: Request, sample: int, count: int) -> list[Reply]:
        if count == 1:
            return [await self._engine.reply(request, sample)]
        replies = await cast("ManyReplier", self._engine).replies(request, count)
        if self.gives_several is None:
            self.gives_several = len(replies) > 1
            if len(replies) < count:
                self.at_once = len(replies)
        return replies

    def _note(self, error: AdaptedError) -> None:
        if error.learnt is not None:
            self.adaptations.append(error.learnt)
            self._tell(f"{one_line(error)}; {error.learnt}")

    def _refused_several(self) -> int:
        """How many answers to ask for instead. Once several were given, only this one request is at fault."""
        if not self.gives_several:
            self.gives_several, self.at_once = False, 1
        return 1

    async def _keep_pace(self, request: Request, count: int) -> None:
        """Wait for the limits per minute; no reply is needed to know that there are none."""
        wait = self._calls.take(1) if self._calls else 0.0
        if self._tokens:
            wait = max(wait, self._tokens.take(sum(estimated_tokens(request, count))))
        if wait > 0.0:
            await asyncio.sleep(wait)

    def _delay(self, error: Exception, attempt: int, failed_at: float) -> float:
        """Seconds until the next attempt of a call that first failed at a moment of the monotonic clock.

        Raises:
            ReplyFailure: when there is none.
            EngineError: when there would be no use in any.
        """
        end = ending(error, self._answered > 0)
        if end is not None:
            raise end from None
        # Away, and not only for this call: nothing else was answered since it first failed.
        away = self._may_come_back(error) and self._absence.last_answer < failed_at
        waits = away and self._absence.left() > 0.0
        if not is_transient(error) or (attempt >= self._settings.max_retries and not waits):
            self._give_up(error, away)
        # Full jitter: the delays of calls that failed together must not end together.
        longest = _LONGEST_POLL_S if away else _LONGEST_DELAY_S
        delay = random.uniform(0.0, min(self._first_delay_s * 2 ** min(attempt, 30), longest))
        asked_for = getattr(error, "retry_after", None)
        if asked_for is not None:
            delay = min(max(float(asked_for), 0.0), self._settings.patience_s)
        self._absence.show(one_line(error), delay)
        return delay

    def _may_come_back(self, error: Exception) -> bool:
        return (self._answered > 0 and is_away(error)) or is_loading(error)

    def _give_up(self, error: Exception, away: bool) -> NoReturn:
        self._usage.count(failures=1)
        self._given_up += 1
        if away and isinstance(error, UnreachableError):
            raise EngineError(
                f"{one_line(error)}, for {self._settings.patience_s:g} s (patience_s); the "
                f"{self._answered:,} replies that came are kept: start the server again and run again to "
                "go on"
            ) from None
        if self._given_up >= _HOPELESS_AFTER:
            raise EngineError(
                f"{self._given_up} calls in a row failed, the last with: {one_line(error)}; "
                "see what `value-personas engine check` says of this engine"
            ) from None
        raise ReplyFailure(missing_reason(error), one_line(error)) from None
