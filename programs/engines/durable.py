"""Durability: a reply is stored before anyone sees it, and no request is paid for twice."""

import asyncio
import threading
from collections.abc import Mapping, Sequence
from typing import cast

from dspy.lm15 import Request

from value_personas.programs.engines.base import ManyReplier, Replier
from value_personas.programs.engines.claims import Claims
from value_personas.programs.engines.draws import runs_of_draws
from value_personas.programs.engines.limits import Usage
from value_personas.programs.engines.patient import Keep, PatientEngine
from value_personas.programs.engines.replies import AnswerStore, Reply, reply_key


class DurableEngine:
    """Looks a reply up, else asks and makes it durable before it returns.

    Identical requests in flight in this process are one call, from whichever event loop they come;
    the store's claims see to other processes.

    Args:
        engine: answers what is not stored.
        store: keeps every reply.
        usage: the counters to keep.
    """

    def __init__(self, engine: Replier, store: AnswerStore, usage: Usage) -> None:
        self._engine = engine
        self._store = store
        self._usage = usage
        self.identity = engine.identity
        self._in_flight = _InFlight()
        self._is_free: bool = getattr(engine, "is_free", False)

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request, from the store or anew; durable when this returns.

        Args:
            request: what is asked.
            sample: which draw of it.
        """
        return await self._keyed(reply_key(self.identity, request, sample), request, sample)

    async def _keyed(self, key: bytes, request: Request, sample: int = 0, *, absent: bool = False) -> Reply:
        while (awaited := self._in_flight.join(key)) is not None:
            reply = await awaited
            if reply is not None:  # None: whoever asked was cancelled, so ask in its place
                return reply
        reply, failure = None, None
        try:
            # What is free is asked without a claim: that another process asks it too costs less than to know.
            ask = self._ask if absent and self._is_free else self._claim_and_ask
            reply = await ask(key, request, sample)
            return reply
        except Exception as error:
            failure = error
            raise
        finally:
            self._in_flight.finish(key, reply, failure)

    @property
    def at_once(self) -> int:
        """How many answers of one request the engine is asked for in one call."""
        return getattr(self._engine, "at_once", 1)

    async def replies(self, requests: Sequence[Request], absent: Sequence[bytes] = ()) -> list[Reply]:
        """Answer several requests; those that differ by successive seeds in one call, where the engine can.

        Each reply is kept under its request's own key, as if that had been asked alone.

        Args:
            requests: in the order of their seeds.
            absent: the requests' keys, where the store was just found to lack all of them.

        Returns:
            One reply a request, durable.

        Raises:
            ReplyFailure: when one was given up; the replies that came beside it are kept.
        """
        keys = absent or [reply_key(self.identity, request) for request in requests]
        if self.at_once == 1 or len(requests) <= 1:
            asked = zip(keys, requests, strict=True)
            return [await self._keyed(key, request, absent=bool(absent)) for key, request in asked]
        mine = {k: request for k, request in zip(keys, requests, strict=True) if self._in_flight.begin(k)}
        replies: dict[bytes, Reply] = {}
        failure = None
        try:
            await self._claim_and_ask_together(mine, replies)
        except Exception as error:
            failure = error
            raise
        finally:
            for key in mine:
                self._in_flight.finish(key, replies.get(key), None if key in replies else failure)
        # What others are asking is waited for last: until here they may have waited for something of ours.
        return [replies.get(key) or await self.reply(r) for key, r in zip(keys, requests, strict=True)]

    async def aclose(self) -> None:
        """Close the engine; the store belongs to whoever opened it."""
        await self._engine.aclose()

    async def _claim_and_ask(self, key: bytes, request: Request, sample: int) -> Reply:
        stored = await self._store.claim(key)
        if stored is not None:
            self._usage.count(stored=1)
            return stored
        try:
            return await self._ask(key, request, sample)
        except BaseException:
            self._store.release(key)
            raise

    async def _ask(self, key: bytes, request: Request, sample: int) -> Reply:
        async def keep(replies: list[Reply]) -> None:
            await self._store.put(key, self.identity, request, replies[0], sample)

        (reply,) = await self._paid(request, sample, 1, keep)
        return reply

    async def _paid(self, request: Request, sample: int, count: int, keep: Keep) -> list[Reply]:
        """Ask and keep; where the engine has places for calls, each is free once its replies are kept."""
        if isinstance(self._engine, PatientEngine):
            return await self._engine.kept(request, sample, count, keep)
        if count == 1:
            replies = [await self._engine.reply(request, sample)]
        else:
            replies = await cast("ManyReplier", self._engine).replies(request, count)
        await keep(replies)
        return replies

    async def _claim_and_ask_together(
        self, wanted: Mapping[bytes, Request], replies: dict[bytes, Reply]
    ) -> None:
        """Add a reply to ``replies`` for every key wanted, each once it is durable."""
        claims = Claims(self._store, wanted)
        try:
            while claims.undecided:
                stored = await claims.decide()
                self._usage.count(stored=len(stored))
                replies.update(stored)
                while claims.held:
                    granted = {key: request for key, request in wanted.items() if key in claims.held}
                    paid = await self._ask_a_run(granted)
                    claims.held -= paid.keys()
                    replies.update(paid)
        finally:
            claims.give_up()

    async def _ask_a_run(self, granted: Mapping[bytes, Request]) -> dict[bytes, Reply]:
        """Ask the first of these requests, and as many draws of it as one call gives."""
        run = next(runs_of_draws(list(granted.values()), self.at_once))

        async def keep(replies: list[Reply]) -> None:
            paid = zip(granted.items(), replies, strict=False)
            puts = (self._store.put(key, self.identity, asked, reply) for (key, asked), reply in paid)
            # One commit; what is paid for outlives a cancellation.
            await asyncio.shield(asyncio.gather(*puts))

        replies = await self._paid(run[0], 0, len(run), keep)
        return dict(zip(granted, replies, strict=False))


class _InFlight:
    """Who waits for which key. Callers may live in different threads, each with an event loop."""

    def __init__(self) -> None:
        self._waiting: dict[bytes, list[asyncio.Future[Reply | None]]] = {}
        self._lock = threading.Lock()

    def join(self, key: bytes) -> asyncio.Future[Reply | None] | None:
        """A future of the reply when somebody is asking already, else None and the caller asks."""
        with self._lock:
            waiting = self._waiting.get(key)
            if waiting is None:
                self._waiting[key] = []
                return None
            future: asyncio.Future[Reply | None] = asyncio.get_running_loop().create_future()
            waiting.append(future)
            return future

    def begin(self, key: bytes) -> bool:
        """Whether nobody was asking and the caller does from now on."""
        with self._lock:
            is_new = key not in self._waiting
            self._waiting.setdefault(key, [])
            return is_new

    def finish(self, key: bytes, reply: Reply | None, failure: Exception | None) -> None:
        """Tell everyone who joined."""
        with self._lock:
            waiting = self._waiting.pop(key)
        for future in waiting:
            future.get_loop().call_soon_threadsafe(_settle, future, reply, failure)


def _settle(future: asyncio.Future[Reply | None], reply: Reply | None, failure: Exception | None) -> None:
    if future.done():
        return
    if failure is not None:
        future.set_exception(failure)
    else:
        future.set_result(reply)
