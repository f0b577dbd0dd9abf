"""How hard an engine may be pressed: calls in flight, a minute, and in all."""

import asyncio
import threading
import time
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from dspy.lm15 import Request, TextPart

from value_personas.programs.engines.replies import Reply
from value_personas.programs.engines.settings import EngineSettings, Prices
from value_personas.signatures import BudgetError

_BACK_OFF = 0.7
"""By how much a 429 lowers the number of calls in flight."""

_BURST_S = 1.0
"""How many seconds' worth of calls may go at once under a limit per minute."""


class Slots:
    """Calls in flight: additive increase, multiplicative decrease below a ceiling (Chiu & Jain 1989).

    Belongs to one event loop.
    """

    def __init__(self, ceiling: int) -> None:
        self._ceiling = ceiling
        self.limit = float(ceiling)
        self.busy = 0
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._lowered = 0.0

    async def enter(self) -> None:
        """Wait for a place."""
        if self.busy < int(self.limit) and not self._waiting:
            self.busy += 1
            return
        place = asyncio.get_running_loop().create_future()
        self._waiting.append(place)
        try:
            await place
        except asyncio.CancelledError:
            if place.done() and not place.cancelled():
                self.leave()  # the place was given at the moment of the cancellation
            raise

    def leave(self) -> None:
        """Give the place back."""
        self.busy -= 1
        while self._waiting and self.busy < int(self.limit):
            place = self._waiting.popleft()
            if not place.done():
                self.busy += 1
                place.set_result(None)

    def raise_limit(self) -> None:
        """One more call in flight for every round of calls that went well."""
        if self.limit < self._ceiling:
            self.limit = min(self._ceiling, self.limit + 1.0 / self.limit)

    def lower_limit(self, started: float) -> None:
        """Fewer calls in flight, once for all calls that were sent before the last lowering."""
        if started > self._lowered:
            self.limit = max(1.0, self.limit * _BACK_OFF)
            self._lowered = time.monotonic()


class Pace:
    """At most so many units a minute, as an even flow (generic cell rate algorithm, ITU-T I.371)."""

    def __init__(self, per_minute: float) -> None:
        self._interval = 60.0 / per_minute
        self._next = 0.0
        self._lock = threading.Lock()  # one pace for all event loops

    def take(self, units: float) -> float:
        """Book so many units; returns the seconds to wait before using them."""
        with self._lock:
            now = time.monotonic()
            start = max(self._next, now - _BURST_S)
            self._next = start + units * self._interval
            return max(0.0, start - now)


@dataclass(slots=True)
class Usage:
    """What a model was asked and what it cost, over the life of a ``Model``.

    Attributes:
        calls: attempts sent, retries included.
        retries: attempts beyond the first.
        failures: calls given up.
        stored: replies read from the store.
        input_tokens: tokens read, as far as the engine said.
        output_tokens: tokens written, as far as the engine said.
        postponed: requests written down to be asked later, in place of an answer now.
        prices: the price table, if any.
    """

    calls: int = 0
    retries: int = 0
    failures: int = 0
    stored: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    postponed: int = 0
    prices: Prices | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False, compare=False)

    def count(self, **more: int) -> None:
        """Add to counters by name, here and in the ``Tally`` of whoever asks; several threads may at once."""
        self._add(more)
        tally = _TALLY.get()
        if tally is not None:
            tally.of(self)._add(more)

    def _add(self, more: Mapping[str, int]) -> None:
        with self._lock:
            for name, number in more.items():
                if number:
                    setattr(self, name, getattr(self, name) + number)

    @property
    def here(self) -> "Usage":
        """The part that was counted within ``tallied``; all of it outside."""
        tally = _TALLY.get()
        return tally.of(self) if tally is not None else self

    @property
    def cost(self) -> float | None:
        """The price of all tokens; None without a price table."""
        return self.prices.cost(self.input_tokens, self.output_tokens) if self.prices else None

    def as_dict(self) -> dict[str, float]:
        """The counters by name; ``cost`` only where there is a price table."""
        counts: dict[str, float] = {
            name: getattr(self, name)
            for name in ("calls", "retries", "failures", "stored", "input_tokens", "output_tokens")
        }
        if self.cost is not None:
            counts["cost"] = self.cost
        return counts


class Tally:
    """What one of several who share a model asked of it."""

    def __init__(self) -> None:
        self._shares: dict[int, Usage] = {}
        self._lock = threading.Lock()

    def of(self, usage: Usage) -> Usage:
        """The part of a model's usage that was counted within ``tallied``."""
        if (share := self._shares.get(id(usage))) is not None:
            return share
        with self._lock:
            return self._shares.setdefault(id(usage), Usage(prices=usage.prices))


_TALLY: ContextVar[Tally | None] = ContextVar("tally", default=None)


@contextmanager
def tallied() -> Iterator[Tally]:
    """Count apart what is asked within, by this task and the tasks that it starts."""
    tally = Tally()
    token = _TALLY.set(tally)
    try:
        yield tally
    finally:
        _TALLY.reset(token)


class Budget:
    """Hard caps on attempts, tokens and money, checked before each attempt; counts what is used.

    What is in flight is counted at its upper estimate, so that no cap is passed by concurrency.
    """

    def __init__(self, settings: EngineSettings, usage: Usage) -> None:
        self._settings = settings
        self.usage = usage
        self._booked = [0, 0]
        self._lock = threading.Lock()  # several event loops share one budget
        self._capped = settings.max_tokens_total is not None or settings.max_cost is not None

    def book(self, request: Request, count: int = 1) -> tuple[int, int]:
        """Count an attempt about to be made, at ``count`` answers in one call.

        Returns:
            The tokens booked for it, read and written, for ``settle``.

        Raises:
            BudgetError: when it could pass a cap.
        """
        estimate = estimated_tokens(request, count) if self._capped else (0, 0)
        with self._lock:
            self._check(estimate)
            self.usage.count(calls=1)
            self._booked[0] += estimate[0]
            self._booked[1] += estimate[1]
        return estimate

    def settle(self, estimate: tuple[int, int], replies: Sequence[Reply]) -> None:
        """Replace an attempt's estimate by what the engine said it used; without replies, by nothing."""
        with self._lock:
            self._booked[0] -= estimate[0]
            self._booked[1] -= estimate[1]
            if replies:
                self.usage.count(
                    input_tokens=_told([reply.input_tokens for reply in replies], estimate[0]),
                    output_tokens=_told([reply.output_tokens for reply in replies], estimate[1]),
                )

    def _check(self, estimate: tuple[int, int]) -> None:
        caps, usage = self._settings, self.usage
        if caps.max_calls is not None and usage.calls >= caps.max_calls:
            raise BudgetError(f"max_calls = {caps.max_calls} is reached; raise it and run again to go on")
        if not self._capped:
            return
        read = usage.input_tokens + self._booked[0] + estimate[0]
        written = usage.output_tokens + self._booked[1] + estimate[1]
        if caps.max_tokens_total is not None and read + written > caps.max_tokens_total:
            raise BudgetError(
                f"the next call could pass max_tokens_total = {caps.max_tokens_total}, "
                f"{usage.input_tokens + usage.output_tokens} used; raise it and run again to go on"
            )
        if caps.max_cost is not None and caps.prices and caps.prices.cost(read, written) > caps.max_cost:
            raise BudgetError(
                f"the next call could pass max_cost = {caps.max_cost:g}, "
                f"{usage.cost or 0.0:.4g} spent; raise it and run again to go on"
            )


def _told(counts: Sequence[int | None], estimate: int) -> int:
    """The sum of what the engine counted; the estimate where it did not count."""
    known = [count for count in counts if count is not None]
    return sum(known) if len(known) == len(counts) else estimate


def estimated_tokens(request: Request, count: int = 1) -> tuple[int, int]:
    """An upper estimate of the tokens an attempt reads and writes; ``count`` answers read the prompt once.

    Three bytes of UTF-8 a token is on the safe side in any script; a reply without a stated length is taken
    for 1,000 tokens.
    """
    read = prompt_bytes(request) // 3 + 8 * (1 + len(request.messages))
    return read, count * (request.config.max_tokens or 1000)


def prompt_bytes(request: Request) -> int:
    """The length of a request's texts in UTF-8."""
    system = request.system if isinstance(request.system, str) else ""
    texts = (p.text for m in request.messages for p in m.parts if isinstance(p, TextPart))
    return sum(len(text.encode("utf-8", "surrogatepass")) for text in (system, *texts))
