"""Models whose every request and every attempt passes the meter."""

import asyncio
from collections.abc import Callable, Sequence
from functools import cached_property

import dspy
from dspy.lm15 import RateLimitError, Request

from value_personas.experiments.tuning.meter import Meter
from value_personas.programs.engines import (
    EngineSettings,
    Model,
    Prices,
    RepeatedDraws,
    Replier,
    Reply,
    estimated_tokens,
    language_model,
    reply_key,
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
        self.queue_length: int = getattr(engine, "queue_length", 0)

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
    ) -> None:  # no super(): it is that model, with its store, limits and usage
        vars(self).update(vars(model))
        self.dearest = 0.0
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
        try:
            reply = await super().reply(request, sample)
        except asyncio.CancelledError:  # the search has stopped, and it may not have been sent
            self._meter.leave(key)
            raise
        self._price(key, request, reply)
        return reply

    async def replies(self, requests: Sequence[Request], absent: Sequence[bytes] = ()) -> list[Reply]:
        """Answer several requests, each in a call of its own: an attempt is booked before it is sent.

        Raises:
            BudgetError: when one could pass the budget.
        """
        return [await self.reply(request) for request in requests]

    @property
    def at_once(self) -> int:
        """One answer a call."""
        return 1

    @property
    def is_free(self) -> bool:
        """Its calls count, whatever they cost."""
        return False

    @property
    def gives_several(self) -> bool | None:
        """It is never asked for several."""
        return False

    def stored(self, keys: Sequence[bytes], request_of: Callable[[int], Request]) -> list[Reply | None]:
        """Look many replies up at once; those that are there count like any other."""
        replies = super().stored(keys, request_of)
        for place, (key, reply) in enumerate(zip(keys, replies, strict=True)):
            if reply is not None:
                self._meter.meet(key)
                self._price(key, request_of(place), reply)
        return replies

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


def price_of(prices: Prices | None, request: Request, reply: Reply | None = None) -> float:
    """What a request could cost at most; with its reply, what it did, as far as the engine said."""
    if prices is None:
        return 0.0
    read, written = estimated_tokens(request)
    if reply is not None:
        read = read if reply.input_tokens is None else reply.input_tokens
        written = written if reply.output_tokens is None else reply.output_tokens
    return prices.cost(read, written)
