"""The budget is never passed, and counts alike whether an answer is paid now or lay in the store."""

import asyncio

import pytest

from experiments.tuning.meter import Meter, MeteredModel
from programs.engines import EngineSettings, Prices, connect
from programs.engines.base import InProcess
from programs.model import Model
from programs.replies import AnswerStore, MemoryStore
from signatures import BudgetError
from tests.fake_engines import RuleEngine, letters
from tests.fake_server import FakeServer


def metered(
    meter: Meter, store: AnswerStore, prices: Prices | None = None
) -> tuple[MeteredModel, RuleEngine]:
    engine = RuleEngine(letters)
    settings = EngineSettings(prices=prices)
    return MeteredModel(Model("m", InProcess(engine), store, settings), meter, prices), engine


def ask(model: MeteredModel, *texts: str) -> None:
    async def all_of_them() -> None:
        for text in texts:
            await model.reply(model.request("", text, max_tokens=10))

    asyncio.run(all_of_them())


def test_a_repeated_question_counts_once_and_the_limit_is_not_passed() -> None:
    model, engine = metered(Meter(3), MemoryStore())
    ask(model, "a", "b", "a", "c", "b")
    with pytest.raises(BudgetError, match="budget_calls = 3 is reached"):
        ask(model, "d")
    assert len(engine.requests) == 3
    ask(model, "a")  # what was asked may be asked again


def test_two_models_share_one_budget() -> None:
    meter = Meter(2)
    (first, _), (second, engine) = metered(meter, MemoryStore()), metered(meter, MemoryStore())
    second.identity = "another"
    ask(first, "a")
    ask(second, "a")
    with pytest.raises(BudgetError):
        ask(second, "b")
    assert len(engine.requests) == 1
    assert meter.calls == 2


def test_answers_of_an_earlier_session_count_and_cost_nothing_now() -> None:
    store = MemoryStore()
    ask(metered(Meter(10), store)[0], "a", "b")
    meter = Meter(3)
    model, engine = metered(meter, store)
    stored = model.stored([(model.request("", text, max_tokens=10), 0) for text in "ab"])
    assert all(stored)
    ask(model, "a", "c")
    assert len(engine.requests) == 1
    assert (meter.calls, meter.paid) == (3, 1)
    with pytest.raises(BudgetError):
        ask(model, "d")


def test_no_call_is_made_that_could_pass_the_money() -> None:
    prices = Prices(input_per_million=1e6, output_per_million=1e6)  # a token costs 1
    meter = Meter(100, max_cost=60.0)
    model, engine = metered(meter, MemoryStore(), prices)
    with pytest.raises(BudgetError, match="budget_cost = 60"):
        ask(model, *(str(n) for n in range(50)))
    spent = sum(len(str(request.messages)) // 4 + 1 for request in engine.requests)
    assert 0 < meter.cost == spent <= 60.0


def test_draws_of_one_call_count_each_and_what_fails_costs_nothing() -> None:
    prices = Prices(input_per_million=1e6, output_per_million=1e6)
    meter, store = Meter(5, max_cost=1000.0), MemoryStore()
    with FakeServer() as server:
        settings = EngineSettings(lm="openai/m", base_url=server.url, prices=prices, max_retries=0)
        model = MeteredModel(connect(settings, store), meter, prices)
        draws = [model.request("", "u", max_tokens=10, seed=seed) for seed in range(4)]
        asyncio.run(model.replies(draws[:3]))
        assert (server.calls, meter.calls, meter.cost) == (1, 3, 40.0 + 3.0)
        asyncio.run(model.replies(draws[:3]))
        assert (server.calls, meter.calls, meter.cost) == (1, 3, 43.0)
        with pytest.raises(BudgetError, match="budget_calls = 5"):
            asyncio.run(model.replies([model.request("", "v", max_tokens=10, seed=n) for n in range(3)]))
        assert (server.calls, meter.cost) == (1, 43.0)
        assert meter._booked == 0.0
