"""Durability: a reply is stored before anyone sees it, and no request is paid for twice."""

import asyncio
import threading

from dspy.lm15 import Request

from programs.engines.base import Replier
from programs.engines.limits import Usage
from programs.replies import AnswerStore, Reply, reply_key

__all__ = ["DurableEngine"]


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

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request, from the store or anew; durable when this returns."""
        key = reply_key(self.identity, request, sample)
        while (awaited := self._in_flight.join(key)) is not None:
            reply = await awaited
            if reply is not None:  # None: whoever asked was cancelled, so ask in its place
                return reply
        reply, failure = None, None
        try:
            reply = await self._claim_and_ask(key, request, sample)
            return reply
        except Exception as error:
            failure = error
            raise
        finally:
            self._in_flight.finish(key, reply, failure)

    async def aclose(self) -> None:
        """Close the engine; the store belongs to whoever opened it."""
        await self._engine.aclose()

    async def _claim_and_ask(self, key: bytes, request: Request, sample: int) -> Reply:
        stored = await self._store.claim(key)
        if stored is not None:
            self._usage.count(stored=1)
            return stored
        try:
            reply = await self._engine.reply(request, sample)
            await self._store.put(key, self.identity, request, reply, sample)
        except BaseException:
            self._store.release(key)
            raise
        return reply


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
