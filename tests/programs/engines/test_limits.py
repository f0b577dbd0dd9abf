import asyncio
from dataclasses import replace

import pytest
from dspy.lm15 import Config, Message, Request

from value_personas.programs.engines import EngineSettings
from value_personas.programs.engines.limits import (
    Budget,
    Pace,
    Slots,
    Usage,
    estimated_tokens,
)
from value_personas.programs.engines.replies import Reply
from value_personas.signatures import BudgetError

REQUEST = Request(
    model="m", system="s" * 30, messages=(Message.user("u" * 270),), config=Config(max_tokens=10)
)
REPLY = Reply("A", None, "stop", 50, 5)


def budget(**caps: object) -> Budget:
    return Budget(EngineSettings(**caps), Usage(prices=EngineSettings(**caps).prices))  # type: ignore[arg-type]


def test_an_estimate_is_above_what_honest_tokenisers_count() -> None:
    assert estimated_tokens(REQUEST) == (100 + 16, 10)


def test_an_estimate_holds_in_any_script() -> None:
    # A character of Japanese is about a token, of which three in English are one.
    read, _ = estimated_tokens(replace(REQUEST, messages=(Message.user("幸" * 300),)))
    assert read == 10 + 300 + 16


def test_calls_are_capped() -> None:
    capped = budget(max_calls=2)
    for _ in range(2):
        capped.settle(capped.book(REQUEST), [REPLY])
    with pytest.raises(BudgetError, match="max_calls = 2"):
        capped.book(REQUEST)
    assert capped.usage.calls == 2


def test_tokens_in_flight_count_at_their_estimate_and_then_at_their_number() -> None:
    capped = budget(max_tokens_total=250)
    first = capped.book(REQUEST)  # 126 estimated
    with pytest.raises(BudgetError, match="max_tokens_total = 250"):
        capped.book(REQUEST)  # 252 could be used
    capped.settle(first, [REPLY])  # 55 used
    capped.settle(capped.book(REQUEST), [REPLY])  # 55 + 126 ≤ 250; 110 used
    capped.settle(capped.book(REQUEST), [REPLY])  # 110 + 126 ≤ 250; 165 used
    with pytest.raises(BudgetError):
        capped.book(REQUEST)  # 165 + 126 > 250


def test_money_is_capped_by_the_price_table() -> None:
    prices = {"input_per_million": 1000.0, "output_per_million": 10_000.0}
    capped = budget(prices=prices, max_cost=0.3)
    capped.settle(capped.book(REQUEST), [REPLY])  # could cost 0.216, costs 0.05 + 0.05
    assert capped.usage.cost == pytest.approx(0.1)
    with pytest.raises(BudgetError, match=r"max_cost = 0\.3, 0\.1 spent"):
        capped.book(REQUEST)


def test_a_reply_without_usage_counts_at_its_estimate() -> None:
    capped = budget(max_tokens_total=1000)
    capped.settle(capped.book(REQUEST), [Reply("A", None, "stop")])
    assert (capped.usage.input_tokens, capped.usage.output_tokens) == (116, 10)


def test_pace_spreads_calls_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr("value_personas.programs.engines.limits.time.monotonic", lambda: now[0])
    pace = Pace(60)  # one a second, and one second's worth at once
    assert [pace.take(1) for _ in range(4)] == [0.0, 0.0, 1.0, 2.0]
    now[0] += 10
    assert [pace.take(1) for _ in range(3)] == [0.0, 0.0, 1.0]


def test_slots_never_let_more_in_than_the_limit_and_adapt_to_429s() -> None:
    async def run() -> None:
        slots = Slots(8)
        inside, most = 0, 0

        async def call() -> None:
            nonlocal inside, most
            await slots.enter()
            inside += 1
            most = max(most, inside)
            await asyncio.sleep(0.001)
            inside -= 1
            slots.leave()

        await asyncio.gather(*(call() for _ in range(50)))
        assert (most, slots.busy) == (8, 0)
        started = asyncio.get_running_loop().time()
        for _ in range(5):  # five 429s of one round lower it once
            slots.lower_limit(started)
        assert slots.limit == pytest.approx(5.6)
        most = 0
        await asyncio.gather(*(call() for _ in range(50)))
        assert most == 5
        for _ in range(500):
            slots.raise_limit()
        assert slots.limit == 8

    asyncio.run(run())


def test_a_cancelled_wait_gives_its_place_on() -> None:
    async def run() -> None:
        slots = Slots(1)
        await slots.enter()
        waiting = [asyncio.create_task(slots.enter()) for _ in range(2)]
        await asyncio.sleep(0)
        slots.leave()  # the first waiter has the place now
        waiting[0].cancel()
        await asyncio.wait_for(waiting[1], 1)
        assert slots.busy == 1

    asyncio.run(run())
