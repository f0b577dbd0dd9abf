import asyncio
import threading

import pytest
from dspy.lm15 import Message, Request

from value_personas.programs.engines import EngineSettings
from value_personas.programs.engines.durable import DurableEngine
from value_personas.programs.engines.limits import Usage
from value_personas.programs.engines.patient import PatientEngine
from value_personas.programs.engines.replies import MemoryStore, Reply, ReplyFailure, reply_key
from value_personas.signatures import MissingReason

REQUEST = Request(model="m", messages=(Message.user("u"),))


class Slow:
    identity = "slow"

    def __init__(self, failure: Exception | None = None) -> None:
        self.asked = 0
        self.failure = failure

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        self.asked += 1
        await asyncio.sleep(0.05)
        if self.failure:
            raise self.failure
        return Reply(f"reply {sample}", None, "stop")

    async def aclose(self) -> None:
        pass


class LateStore(MemoryStore):
    """Notes when a reply became durable."""

    async def put(self, key: bytes, identity: str, request: Request, reply: Reply, sample: int = 0) -> None:
        await asyncio.sleep(0.05)
        await super().put(key, identity, request, reply, sample)


def test_a_reply_is_durable_before_it_is_seen() -> None:
    store, usage = LateStore(), Usage()
    engine = DurableEngine(Slow(), store, usage)
    reply = asyncio.run(engine.reply(REQUEST))
    assert store.get_many([reply_key("slow", REQUEST)]) == {reply_key("slow", REQUEST): reply}
    assert asyncio.run(engine.reply(REQUEST)) == reply
    assert usage.stored == 1


def test_a_kill_costs_no_more_calls_than_may_be_in_flight() -> None:
    """Sent and not yet durable: what a kill at that moment would have asked again."""
    at_risk = [0]

    class Quick(Slow):
        async def reply(self, request: Request, sample: int = 0) -> Reply:
            at_risk.append(at_risk[-1] + 1)
            return await super().reply(request, sample)

    class Counted(LateStore):
        async def put(
            self, key: bytes, identity: str, request: Request, reply: Reply, sample: int = 0
        ) -> None:
            await super().put(key, identity, request, reply, sample)
            at_risk.append(at_risk[-1] - 1)

    async def run() -> None:
        patient = PatientEngine(Quick(), EngineSettings(concurrency=3), Usage())
        engine = DurableEngine(patient, Counted(), Usage())
        await asyncio.gather(*(engine.reply(REQUEST, n) for n in range(12)))

    asyncio.run(run())
    assert max(at_risk) == 3
    assert at_risk[-1] == 0


def test_a_reply_that_cannot_be_kept_frees_its_place() -> None:
    class Refusing(MemoryStore):
        async def put(
            self, key: bytes, identity: str, request: Request, reply: Reply, sample: int = 0
        ) -> None:
            if sample == 0:
                raise ReplyFailure(MissingReason.PROVIDER_ERROR, "the reply cannot be stored")
            await super().put(key, identity, request, reply, sample)

    async def run() -> list[Reply | BaseException]:
        slow = Slow()
        patient = PatientEngine(slow, EngineSettings(concurrency=1), Usage())
        engine = DurableEngine(patient, Refusing(), Usage())
        calls = (engine.reply(REQUEST, n) for n in range(2))
        outcomes = await asyncio.wait_for(asyncio.gather(*calls, return_exceptions=True), 5)
        assert slow.asked == 2, "a reply that came is not asked for again"
        return outcomes

    failure, reply = asyncio.run(run())
    assert isinstance(failure, ReplyFailure)
    assert isinstance(reply, Reply)


def test_identical_requests_in_flight_are_one_and_draws_are_not() -> None:
    slow = Slow()
    engine = DurableEngine(slow, MemoryStore(), Usage())

    async def run() -> list[Reply]:
        return await asyncio.gather(*(engine.reply(REQUEST, n % 2) for n in range(10)))

    replies = asyncio.run(run())
    assert slow.asked == 2
    assert [reply.text for reply in replies] == ["reply 0", "reply 1"] * 5


def test_they_are_one_across_threads() -> None:
    slow = Slow()
    engine = DurableEngine(slow, MemoryStore(), Usage())
    threads = [threading.Thread(target=lambda: asyncio.run(engine.reply(REQUEST))) for _ in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert slow.asked == 1


def test_all_who_wait_share_a_failure_and_the_next_asks_again() -> None:
    slow = Slow(ReplyFailure(MissingReason.TIMEOUT, "late"))
    engine = DurableEngine(slow, MemoryStore(), Usage())

    async def run() -> list[object]:
        return await asyncio.gather(*(engine.reply(REQUEST) for _ in range(3)), return_exceptions=True)

    assert all(isinstance(outcome, ReplyFailure) for outcome in asyncio.run(run()))
    assert slow.asked == 1
    slow.failure = None
    assert asyncio.run(engine.reply(REQUEST)).text == "reply 0"


def test_a_cancelled_call_is_taken_over_by_who_waits() -> None:
    slow = Slow()
    engine = DurableEngine(slow, MemoryStore(), Usage())

    async def run() -> Reply:
        first = asyncio.create_task(engine.reply(REQUEST))
        await asyncio.sleep(0.01)
        second = asyncio.create_task(engine.reply(REQUEST))
        await asyncio.sleep(0.01)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        return await second

    assert asyncio.run(run()).text == "reply 0"
    assert slow.asked == 2
