"""Each fault through the whole chain, and all of them at once."""

import asyncio
from collections import Counter

import pytest

from tests.fake_server import FakeServer
from value_personas.programs.engines import EngineSettings, connect
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.replies import MemoryStore, Reply, ReplyFailure
from value_personas.programs.engines.serving_faults import FAULTS
from value_personas.signatures import AuthenticationError, EngineError, MissingReason

ENDING = {"401": AuthenticationError, "404": EngineError}
SAID = {"no-logprobs", "truncated-logprobs", "refusal", "other-language", "slow"}
"""Faults in what is said, not in how: they are replies, kept as such, and judged by the elicitation."""


def model(
    server: FakeServer, store: MemoryStore, monkeypatch: pytest.MonkeyPatch, **settings: object
) -> Model:
    made = connect(
        EngineSettings(lm="openai/m", base_url=server.url, **settings),  # type: ignore[arg-type]
        store,
    )
    made._engine._engine._first_delay_s = 0.01  # type: ignore[attr-defined]
    return made


async def outcome(asked: Model, n: int) -> Reply | ReplyFailure:
    try:
        return await asked.reply(asked.request("", f"Question {n}?", max_tokens=1, logprobs=4))
    except ReplyFailure as failure:
        return failure


@pytest.mark.parametrize("fault", sorted(set(FAULTS) - set(ENDING) - SAID))
def test_a_fault_of_the_way_is_tried_again_and_then_one_missing_answer(
    fault: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = MemoryStore()
    with FakeServer({fault: 1.0}) as server:
        asked = model(server, store, monkeypatch, max_retries=1, timeout_s=0.5)
        failure = asyncio.run(outcome(asked, 0))
        assert server.calls == 2
    assert isinstance(failure, ReplyFailure)
    assert failure.reason is (MissingReason.TIMEOUT if fault == "timeout" else MissingReason.PROVIDER_ERROR)
    assert len(failure.detail) <= 300
    assert store.replies == {}


@pytest.mark.parametrize("fault", sorted(SAID))
def test_a_fault_of_what_is_said_is_a_reply(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer({fault: 1.0}) as server:
        reply = asyncio.run(outcome(model(server, MemoryStore(), monkeypatch), 0))
        assert server.calls == 1
    assert isinstance(reply, Reply)


@pytest.mark.parametrize("fault", sorted(ENDING))
def test_a_fault_of_the_settings_ends_the_run(fault: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with FakeServer({fault: 1.0}) as server, pytest.raises(ENDING[fault]):
        asyncio.run(outcome(model(server, MemoryStore(), monkeypatch), 0))


def everything_at_once(number: int, monkeypatch: pytest.MonkeyPatch) -> tuple[Counter[str], FakeServer, int]:
    shares = dict.fromkeys(sorted(set(FAULTS) - set(ENDING) - {"429-retry-after", "huge-chunked-body"}), 0.05)
    store = MemoryStore()

    async def run(asked: Model) -> list[Reply | ReplyFailure]:
        left = iter(range(number))
        outcomes: list[Reply | ReplyFailure] = []

        async def worker() -> None:
            for n in left:
                outcomes.append(await outcome(asked, n))

        await asyncio.gather(*(worker() for _ in range(64)))
        return outcomes

    with FakeServer(shares) as server:
        asked = model(server, store, monkeypatch, concurrency=64, timeout_s=0.4, max_retries=4)
        counts = Counter(type(o).__name__ for o in asyncio.run(run(asked)))
    assert asked.usage.failures == counts["ReplyFailure"]
    assert asked.usage.calls == number + asked.usage.retries
    return counts, server, len(store.replies)


def test_with_every_fault_at_once_every_call_is_accounted_for(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, server, stored = everything_at_once(300, monkeypatch)
    assert counts["Reply"] + counts["ReplyFailure"] == 300
    assert stored == counts["Reply"]
    assert counts["Reply"] > 200
    assert sum(server.server.faults.values()) > 100


@pytest.mark.slow
def test_two_thousand_calls_are_accounted_for(monkeypatch: pytest.MonkeyPatch) -> None:
    counts, _, stored = everything_at_once(2_000, monkeypatch)
    assert counts["Reply"] + counts["ReplyFailure"] == 2_000
    assert stored == counts["Reply"]
