"""The budget of one tuning: calls and money of all models together, over all of its sessions."""

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import dspy
from dspy.lm15 import RateLimitError, Request

from experiments.tuning.journal import AttemptJournal
from programs.engines.base import Replier
from programs.engines.limits import estimated_tokens
from programs.engines.lm import language_model
from programs.engines.repeated_draws import RepeatedDraws
from programs.engines.settings import EngineSettings, Prices
from programs.model import Model
from programs.replies import Reply, reply_key
from signatures import BudgetError

__all__ = ["Meter", "MeteredEngine", "MeteredModel"]


_SMOOTH = 100
"""Calls assumed to need one attempt each, lest the very first fault foretells how the rest will go."""


class Meter:
    """Counts every attempt that a tuning ever sent, and each answer that it found in the store once.

    So a tuning that was killed and goes on stops where an unbroken one would have, and all its sessions
    together, with what a kill caught in flight, never pass the budget.

    Args:
        max_calls: attempts, and answers found in the store, at most.
        max_cost: money at most, at the models' own prices; None for no limit.
        journal: the attempts of earlier sessions, and where new ones are written; in memory when absent.

    Raises:
        BudgetError: when the earlier sessions used more than the budget.

    Attributes:
        calls: what this session used so far, counted as if it paid for all of it.
        total: the same, and attempts of earlier sessions that this one has not come to yet.
        paid: attempts that this session sent.
    """

    def __init__(
        self, max_calls: int, max_cost: float | None = None, journal: AttemptJournal | None = None
    ) -> None:
        self.max_calls = max_calls
        self.max_cost = max_cost
        self._journal = journal or AttemptJournal()
        self._earlier = frozenset(self._journal.attempts)
        self._met: set[bytes] = set()
        self._priced: set[bytes] = set()
        self._found_cost = Fraction(0)
        self._sent_cost = self._journal.cost_of(self._earlier)
        self._kept = (0, 0.0)
        self.calls = 0
        self.total = self._journal.attempts.total()
        self.paid = 0
        if self.total > max_calls or (max_cost is not None and self.cost > max_cost):
            raise BudgetError(
                f"tuning: its sessions so far sent {self.total} calls for {self.cost:.4g}, more than "
                "budget_calls or budget_cost now allow; raise them, or change the seed to begin anew"
            )

    @property
    def cost(self) -> float:
        """Money of the whole tuning, at the prices of the answers that it found in the store too."""
        return float(self._sent_cost + self._found_cost)

    @property
    def spent(self) -> float:
        """The same, counted as if this session paid for all that it used so far."""
        return float(self._journal.cost_of(self._met) + self._found_cost)

    @property
    def limit(self) -> int:
        """Calls allowed now. What is kept back grows with the attempts that a call has taken so far."""
        return self.max_calls - math.ceil(self._kept[0] * self._attempts_a_call)

    @property
    def _attempts_a_call(self) -> Fraction:
        return Fraction(self.calls + _SMOOTH, len(self._met) + _SMOOTH)

    def keep_back(self, calls: int, cost: float = 0.0) -> None:
        """Set so many calls and so much money aside; nothing asked from now on may touch them."""
        self._kept = (calls, cost)

    def meet(self, key: bytes) -> None:
        """Count a request that is about to be answered, from the store or anew.

        Raises:
            BudgetError: when it is new to this tuning and would pass the limit.
        """
        if key in self._met:
            return
        attempts = self._journal.attempts[key]
        if not attempts:
            self._need_room(self.limit)
            self.total += 1
        self._met.add(key)
        self.calls += max(attempts, 1)

    def find(self, key: bytes, cost: float) -> None:
        """Price a reply; one that this tuning never asked for was found in the store.

        Raises:
            BudgetError: when its price would pass the money.
        """
        if not cost or key in self._priced or self._journal.attempts[key]:
            return
        self._need_money(cost)
        self._priced.add(key)
        self._found_cost += Fraction(cost)

    def book(self, key: bytes, cost: float) -> None:
        """Write an attempt down before it is sent.

        Raises:
            BudgetError: when it could pass a limit.
            StoreError: when it cannot be written down.
        """
        is_reserved = key in self._met and not self._journal.attempts[key]
        if not is_reserved:
            # What an earlier session lost may be asked again out of what is kept back: it stands in the way
            # of everything that comes after it.
            self._need_room(self.max_calls if key in self._earlier else self.limit)
        self._need_money(cost)
        self._journal.book(key, cost)
        self._sent_cost += Fraction(cost)
        self.paid += 1
        if not is_reserved:
            self.total += 1
            self.calls += key in self._met

    def settle(self, key: bytes, change: float) -> None:
        """Correct what was booked for an attempt."""
        self._journal.settle(key, change)
        self._sent_cost += Fraction(change)

    def _need_room(self, limit: int) -> None:
        if self.total + 1 > limit:
            kept = f"; {self.max_calls - limit} are kept for the last judgement" if self._kept[0] else ""
            raise BudgetError(
                f"tuning.budget_calls = {self.max_calls} is reached{kept}; raise it and run again to go on"
            )

    def _need_money(self, cost: float) -> None:
        reserve = self._kept[1] * float(self._attempts_a_call)
        if self.max_cost is not None and self.cost + cost > self.max_cost - reserve:
            kept = f" and {reserve:.4g} kept for the last judgement" if reserve else ""
            raise BudgetError(
                f"the next call could pass tuning.budget_cost = {self.max_cost:g}, {self.cost:.4g} spent"
                f"{kept}; raise it and run again to go on"
            )


class MeteredEngine:
    """An engine whose every attempt is booked before it is sent.

    Args:
        engine: tries once.
        meter: the budget.
        prices: what the engine costs; nothing when absent.
    """

    def __init__(self, engine: Replier, meter: Meter, prices: Prices | None = None) -> None:
        self.identity = engine.identity
        self._engine = engine
        self._meter = meter
        self._prices = prices

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Try once. An attempt without a reply may have been billed, and stays booked at its estimate.

        Raises:
            BudgetError: when it could pass the budget.
        """
        key, booked = reply_key(self.identity, request, sample), price_of(self._prices, request)
        self._meter.book(key, booked)
        try:
            reply = await self._engine.reply(request, sample)
        except RateLimitError:
            self._meter.settle(key, -booked)  # refused, so not billed
            raise
        self._meter.settle(key, price_of(self._prices, request, reply) - booked)
        return reply

    async def aclose(self) -> None:
        """Close the engine."""
        await self._engine.aclose()


class MeteredModel(Model):
    """A model in one part (writer, respondent, proposer), whose every request passes the meter first.

    Args:
        model: answers; its engine is a ``MeteredEngine`` of the same meter.
        meter: the budget that it shares with others.
        settings: its prices, and how many of its calls are in flight.
        max_tokens: of a reply to DSPy's modules: without a limit, no price could be put on it beforehand.

    Attributes:
        dearest: the most that one of its replies cost so far.
    """

    def __init__(
        self, model: Model, meter: Meter, settings: EngineSettings, max_tokens: int = 1000
    ) -> None:  # no super(): a wrapper
        self.name = model.name
        self.identity = model.identity
        self.usage = model.usage
        self.dearest = 0.0
        self._model = model
        self._meter = meter
        self._settings = settings
        self._max_tokens = max_tokens
        self._dearest_estimate = 0.0

    @property
    def in_flight(self) -> float:
        """Money that may be booked at once, beyond what its calls turn out to cost."""
        return self._settings.concurrency * self._dearest_estimate

    @cached_property
    def lm(self) -> dspy.LM:
        """For DSPy's modules; a repeated request is another draw, as an optimiser wants it."""
        replier: Replier = RepeatedDraws(self)
        return language_model(self.name, replier, max_tokens=self._max_tokens)

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request, from the store or anew.

        Raises:
            BudgetError: when it could pass the budget.
        """
        key = self._meet(request, sample)
        reply = await self._model.reply(request, sample)
        self._price(key, request, reply)
        return reply

    def stored(self, requests: Sequence[tuple[Request, int]]) -> list[Reply | None]:
        """Look many replies up at once; those that are there count like any other."""
        replies = self._model.stored(requests)
        for (request, sample), reply in zip(requests, replies, strict=True):
            if reply is not None:
                self._price(self._meet(request, sample), request, reply)
        return replies

    async def aclose(self) -> None:
        """Close the model."""
        await self._model.aclose()

    def _meet(self, request: Request, sample: int) -> bytes:
        key = reply_key(self.identity, request, sample)
        self._meter.meet(key)
        return key

    def _price(self, key: bytes, request: Request, reply: Reply) -> None:
        prices = self._settings.prices
        if prices is None:
            return
        cost = price_of(prices, request, reply)
        self.dearest = max(self.dearest, cost)
        self._dearest_estimate = max(self._dearest_estimate, price_of(prices, request))
        self._meter.find(key, cost)

    def request(self, system: str, user_text: str, **config: Any) -> Request:
        """As of the model."""
        return self._model.request(system, user_text, **config)


def price_of(prices: Prices | None, request: Request, reply: Reply | None = None) -> float:
    """What a request could cost at most; with its reply, what it did, as far as the engine said."""
    if prices is None:
        return 0.0
    read, written = estimated_tokens(request)
    if reply is not None:
        read = read if reply.input_tokens is None else reply.input_tokens
        written = written if reply.output_tokens is None else reply.output_tokens
    return prices.cost(read, written)
