"""The budget is never passed, over all sessions of a tuning, whatever a server does."""

import asyncio
from pathlib import Path

import pytest
from dspy.lm15 import RateLimitError, Request, ServerError

from tests.fake_engines import RuleEngine, letters
from tests.fake_server import FakeServer
from value_personas.experiments.tuning.journal import AttemptJournal
from value_personas.experiments.tuning.meter import Meter
from value_personas.experiments.tuning.metered import MeteredEngine, MeteredModel
from value_personas.programs.engines import EngineSettings, Prices, connect
from value_personas.programs.engines.base import InProcess, Replier
from value_personas.programs.engines.limits import estimated_tokens
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.patient import PatientEngine
from value_personas.programs.engines.replies import AnswerStore, MemoryStore, Reply, ReplyFailure, reply_key
from value_personas.signatures import BudgetError

A_TOKEN_COSTS_1 = Prices(input_per_million=1e6, output_per_million=1e6)


def metered(
    meter: Meter, store: AnswerStore, prices: Prices | None = None
) -> tuple[MeteredModel, RuleEngine]:
    engine = RuleEngine(letters)
    settings = EngineSettings(prices=prices)
    model = Model("m", MeteredEngine(InProcess(engine), meter, prices), store, settings)
    return MeteredModel(model, meter, settings), engine


def ask(model: MeteredModel, *texts: str) -> None:
    async def all_of_them() -> None:
        for text in texts:
            await model.reply(model.request("", text, max_tokens=10))

    asyncio.run(all_of_them())


class Scripted:
    """An engine that fails as told, then answers."""

    identity = "scripted"

    def __init__(self, *failures: Exception, tokens: int | None = 5) -> None:
        self.failures = list(failures)
        self.tokens = tokens
        self.attempts = 0

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        self.attempts += 1
        if self.failures:
            raise self.failures.pop(0)
        return Reply("A", None, "stop", self.tokens, self.tokens)

    async def aclose(self) -> None:
        """Nothing is open."""


def scripted(
    meter: Meter, engine: Scripted, store: AnswerStore | None = None, prices: Prices | None = None
) -> MeteredModel:
    settings = EngineSettings(max_retries=3, prices=prices)
    model = Model("m", MeteredEngine(engine, meter, prices), store, settings)
    patient = model._engine._engine
    assert isinstance(patient, PatientEngine)
    patient._first_delay_s = 0.0
    return MeteredModel(model, meter, settings)


def test_a_repeated_question_counts_once_and_the_limit_is_not_passed() -> None:
    model, engine = metered(Meter(3), MemoryStore())
    ask(model, "a", "b", "a", "c", "b")
    with pytest.raises(BudgetError, match="budget_calls = 3 is reached"):
        ask(model, "d")
    assert len(engine.requests) == 3
    ask(model, "a")  # what was asked may be asked again


def test_a_request_that_is_stopped_before_it_is_sent_does_not_count() -> None:
    """One is with the engine and one waits for its place when everything is stopped."""

    class Slow(Scripted):
        async def reply(self, request: Request, sample: int = 0) -> Reply:
            reply = await super().reply(request, sample)
            await asyncio.sleep(0.2)
            return reply

    engine, meter, settings = Slow(), Meter(5), EngineSettings(concurrency=1)
    model = MeteredModel(Model("m", MeteredEngine(engine, meter), MemoryStore(), settings), meter, settings)

    async def stopped() -> None:
        asked = [asyncio.create_task(model.reply(model.request("", text))) for text in "ab"]
        while not engine.attempts:
            await asyncio.sleep(0.01)
        assert meter.calls == 2
        for task in asked:
            task.cancel()
        await asyncio.wait(asked)

    asyncio.run(stopped())
    assert (meter.calls, meter.total, meter.paid, engine.attempts) == (1, 1, 1, 1)


def test_two_models_share_one_budget() -> None:
    meter = Meter(2)
    (first, _), (second, engine) = metered(meter, MemoryStore()), metered(meter, MemoryStore())
    ask(first, "a")
    ask(second, "b")
    with pytest.raises(BudgetError):
        ask(second, "c")
    assert len(engine.requests) == 1
    assert meter.calls == meter.total == 2


def test_answers_that_another_tuning_paid_for_count_and_cost_nothing_now() -> None:
    store = MemoryStore()
    ask(metered(Meter(10), store)[0], "a", "b")
    meter = Meter(3)
    model, engine = metered(meter, store)
    requests = [model.request("", text, max_tokens=10) for text in "ab"]
    stored = model.stored([reply_key(model.identity, r) for r in requests], requests.__getitem__)
    assert all(stored)
    ask(model, "a", "c")
    assert len(engine.requests) == 1
    assert (meter.calls, meter.total, meter.paid) == (3, 3, 1)
    with pytest.raises(BudgetError):
        ask(model, "d")


def test_every_retry_counts_and_none_is_sent_past_the_limit() -> None:
    meter, engine = Meter(3), Scripted(ServerError("no"), ServerError("no"))
    ask(scripted(meter, engine), "a")
    assert (meter.total, meter.paid, engine.attempts) == (3, 3, 3)
    hopeless = Scripted(*(ServerError("no") for _ in range(9)))
    meter = Meter(2)
    with pytest.raises(BudgetError):
        ask(scripted(meter, hopeless), "a")
    assert hopeless.attempts == meter.total == 2


def test_attempts_of_an_earlier_session_count_though_they_brought_nothing(tmp_path: Path) -> None:
    hopeless = Scripted(*(ServerError("no") for _ in range(4)))
    with AttemptJournal(tmp_path / "j") as journal, pytest.raises(ReplyFailure):
        ask(scripted(Meter(9, journal=journal), hopeless), "a")
    with AttemptJournal(tmp_path / "j") as journal:
        meter, engine = Meter(6, journal=journal), Scripted()
        model = scripted(meter, engine)
        assert (meter.calls, meter.total, meter.paid) == (0, 4, 0)
        ask(model, "a", "b")
        assert (meter.calls, meter.total, meter.paid) == (6, 6, 2)
        with pytest.raises(BudgetError):
            ask(model, "c")
        assert engine.attempts == 2


def test_a_session_goes_on_where_the_last_one_was_killed(tmp_path: Path) -> None:
    store = MemoryStore()
    with AttemptJournal(tmp_path / "j") as journal:
        ask(scripted(Meter(9, journal=journal), Scripted(), store), "a", "b", "c")
    with AttemptJournal(tmp_path / "j") as journal:
        meter, engine = Meter(4, journal=journal), Scripted()
        model = scripted(meter, engine, store)
        ask(model, "a", "b")
        assert (meter.calls, meter.total) == (2, 3)  # as an unbroken one would count, and what was sent
        ask(model, "c", "d")
        assert (meter.calls, meter.total, engine.attempts) == (4, 4, 1)
        with pytest.raises(BudgetError):
            ask(model, "e")


def test_a_session_is_refused_where_the_last_one_was(tmp_path: Path) -> None:
    store = MemoryStore()
    for _ in range(2):
        with AttemptJournal(tmp_path / "j") as journal:
            meter, engine = Meter(4, journal=journal), Scripted()
            model = scripted(meter, engine, store)
            meter.keep_back(2)
            ask(model, "a", "b")
            with pytest.raises(BudgetError, match="2 are kept for the last judgement"):
                ask(model, "c")
            assert meter.calls == 2
            meter.keep_back(0)
            ask(model, "c", "d")
            assert meter.calls == meter.total == 4


def test_what_is_kept_back_grows_with_the_attempts_that_a_call_takes() -> None:
    meter = Meter(100)
    meter.keep_back(10)
    assert meter.limit == 90
    ask(scripted(meter, Scripted(*(ServerError("no") for _ in range(3)))), "a", "b")
    assert meter.limit == 89  # 105 attempts for 102 calls
    meter.keep_back(0)
    assert meter.limit == 100


def test_no_call_is_made_that_could_pass_the_money() -> None:
    meter = Meter(100, max_cost=60.0)
    model, engine = metered(meter, MemoryStore(), A_TOKEN_COSTS_1)
    with pytest.raises(BudgetError, match="budget_cost = 60"):
        ask(model, *(str(n) for n in range(50)))
    spent = sum(len(str(request.messages)) // 4 + 1 for request in engine.requests)
    assert 0 < meter.cost == spent <= 60.0


def test_tokens_that_a_server_does_not_report_are_counted_at_their_estimate() -> None:
    meter = Meter(9, max_cost=1000.0)
    model = scripted(meter, Scripted(tokens=None), prices=A_TOKEN_COSTS_1)
    ask(model, "a")
    read, written = estimated_tokens(model.request("", "a", max_tokens=10))
    assert meter.cost == read + written > 10


@pytest.mark.parametrize(("failure", "is_billed"), [(ServerError("no"), True), (RateLimitError("no"), False)])
def test_an_attempt_without_a_reply_may_have_been_billed(failure: Exception, is_billed: bool) -> None:
    meter = Meter(9, max_cost=1000.0)
    model = scripted(meter, Scripted(failure), prices=A_TOKEN_COSTS_1)
    ask(model, "a")
    estimate = sum(estimated_tokens(model.request("", "a", max_tokens=10)))
    assert meter.cost == 10 + (estimate if is_billed else 0)


def test_money_booked_for_a_call_that_a_kill_caught_is_spent(tmp_path: Path) -> None:
    with AttemptJournal(tmp_path / "j") as journal:
        journal.book(b"\x07" * 32, 40.0)
    with AttemptJournal(tmp_path / "j") as journal:
        meter = Meter(9, max_cost=50.0, journal=journal)
        with pytest.raises(BudgetError, match="40 spent"):
            ask(scripted(meter, Scripted(), prices=A_TOKEN_COSTS_1), "a")


def test_a_budget_below_what_is_spent_already_is_refused(tmp_path: Path) -> None:
    with AttemptJournal(tmp_path / "j") as journal:
        journal.book(b"\x07" * 32, 40.0)
        Meter(1, max_cost=40.0, journal=journal)
        for calls, cost in ((0, 40.0), (1, 39.0)):
            with pytest.raises(BudgetError, match="sent 1 calls for 40"):
                Meter(calls, max_cost=cost, journal=journal)


def test_replies_to_dspy_s_modules_have_a_length_that_can_be_paid_for() -> None:
    seen: list[Request] = []

    class Watching(Scripted):
        async def reply(self, request: Request, sample: int = 0) -> Reply:
            seen.append(request)
            return await super().reply(request, sample)

    engine: Replier = Watching()
    meter = Meter(9)
    model = MeteredModel(Model("m", MeteredEngine(engine, meter)), meter, EngineSettings(), max_tokens=321)
    model.lm("Propose.")
    assert seen[0].config.max_tokens == 321


def test_draws_of_a_page_go_in_a_call_each_and_count_each() -> None:
    meter = Meter(5)
    settings = EngineSettings(lm="openai/m", answers_per_call=8, max_retries=0)
    with FakeServer() as server:
        asked = settings.model_copy(update={"base_url": (server.url,)})
        model = connect(asked, MemoryStore(), lambda engine: MeteredEngine(engine, meter))
        part = MeteredModel(model, meter, asked)
        draws = [part.request("", "u", max_tokens=10, seed=seed) for seed in range(3)]
        asyncio.run(part.replies(draws))
        assert (server.calls, meter.calls, part.at_once) == (3, 3, 1)
        asyncio.run(part.replies(draws))
        assert (server.calls, meter.calls) == (3, 3)
