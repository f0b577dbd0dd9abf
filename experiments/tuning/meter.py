"""The budget of one tuning: calls and money of all models together, checked before each call."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import cached_property
from itertools import zip_longest
from typing import Any

import dspy
from dspy.lm15 import Request

from programs.engines.base import Replier
from programs.engines.limits import estimated_tokens
from programs.engines.lm import language_model
from programs.engines.repeated_draws import RepeatedDraws
from programs.engines.settings import Prices
from programs.model import Model
from programs.replies import Reply, reply_key
from signatures import BudgetError

__all__ = ["Meter", "MeteredModel"]


class Meter:
    """Counts each distinct request once, whether it is paid now or was paid by an earlier session.

    So a tuning that was killed and goes on stops where an unbroken one would have, and all its sessions
    together never pass the limit.

    Args:
        max_calls: distinct requests and retries at most.
        max_cost: money at most, at the models' own prices; None for no limit.

    Attributes:
        limit: calls allowed now; a part of ``max_calls`` while the rest is kept for the last judgement.
        cost: money spent, or that an earlier session spent, on what was asked here.
    """

    def __init__(self, max_calls: int, max_cost: float | None = None) -> None:
        self.max_calls = max_calls
        self.limit = max_calls
        self.max_cost = max_cost
        self.cost = 0.0
        self._booked = 0.0
        self._seen: set[bytes] = set()
        self._models: list[MeteredModel] = []

    @property
    def calls(self) -> int:
        """Distinct requests so far, and the retries of this session."""
        return len(self._seen) + sum(model.usage.retries for model in self._models)

    @property
    def paid(self) -> int:
        """Calls that this session sent."""
        return sum(model.usage.calls for model in self._models)

    def watch(self, model: "MeteredModel") -> None:
        """Count a model's retries too."""
        self._models.append(model)

    def book(self, key: bytes, cost: float) -> bool:
        """Count a request about to be answered.

        Returns:
            Whether it is new to this tuning, and its cost is therefore to be settled.

        Raises:
            BudgetError: when it could pass a limit.
        """
        if key in self._seen:
            return False
        if self.calls + 1 > self.limit:
            raise BudgetError(
                f"tuning.budget_calls = {self.max_calls} is reached; {self.limit} may be used now"
            )
        if self.max_cost is not None and self.cost + self._booked + cost > self.max_cost:
            raise BudgetError(
                f"the next call could pass tuning.budget_cost = {self.max_cost:g}; {self.cost:.4g} spent"
            )
        self._seen.add(key)
        self._booked += cost
        return True

    def settle(self, estimate: float, cost: float) -> None:
        """Replace a booked estimate by what was paid."""
        self._booked -= estimate
        self.cost += cost


class MeteredModel(Model):
    """A model whose every request passes a meter first.

    Args:
        model: answers.
        meter: the budget that it shares with others.
        prices: what the model costs; nothing when absent.
    """

    def __init__(
        self, model: Model, meter: Meter, prices: Prices | None = None
    ) -> None:  # no super(): a wrapper
        self.name = model.name
        self.identity = model.identity
        self.usage = model.usage
        self._model = model
        self._meter = meter
        self._prices = prices
        meter.watch(self)

    @cached_property
    def lm(self) -> dspy.LM:
        """For DSPy's modules; a repeated request is another draw, as an optimiser wants it."""
        replier: Replier = RepeatedDraws(self)
        return language_model(self.name, replier)

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request, from the store or anew.

        Raises:
            BudgetError: when it could pass the budget.
        """
        with self._booked([(request, sample)]) as paid:
            paid.append(await self._model.reply(request, sample))
        return paid[0]

    async def replies(self, requests: Sequence[Request]) -> list[Reply]:
        """Answer several requests; each counts as one against the budget, in however few calls they go.

        Raises:
            BudgetError: when they could pass the budget.
        """
        with self._booked([(request, 0) for request in requests]) as paid:
            paid += await self._model.replies(requests)
        return paid

    @contextmanager
    def _booked(self, asked: Sequence[tuple[Request, int]]) -> Iterator[list[Reply]]:
        """Book requests, and settle them by the replies that are put into the list."""
        paid: list[Reply] = []
        estimates: list[float | None] = []
        try:
            for request, sample in asked:
                estimate = self._cost(*estimated_tokens(request)) if self._prices else 0.0
                is_new = self._meter.book(reply_key(self.identity, request, sample), estimate)
                estimates.append(estimate if is_new else None)
            yield paid
        finally:
            for booked, reply in zip_longest(estimates, paid):
                if booked is not None:
                    self._meter.settle(booked, self._cost_of(reply) if reply else 0.0)

    @property
    def at_once(self) -> int:
        """As of the model."""
        return self._model.at_once

    @property
    def gives_several(self) -> bool | None:
        """As of the model."""
        return self._model.gives_several

    def stored(self, requests: Sequence[tuple[Request, int]]) -> list[Reply | None]:
        """Look many replies up at once; those that are there count like any other."""
        replies = self._model.stored(requests)
        for (request, sample), reply in zip(requests, replies, strict=True):
            if reply is not None:
                cost = self._cost_of(reply)
                if self._meter.book(reply_key(self.identity, request, sample), cost):
                    self._meter.settle(cost, cost)
        return replies

    async def aclose(self) -> None:
        """Close the model."""
        await self._model.aclose()

    def _cost_of(self, reply: Reply) -> float:
        return self._cost(reply.input_tokens or 0, reply.output_tokens or 0)

    def _cost(self, read: int, written: int) -> float:
        return self._prices.cost(read, written) if self._prices else 0.0

    def request(self, system: str, user_text: str, **config: Any) -> Request:
        """As of the model."""
        return self._model.request(system, user_text, **config)
