"""Draws of a page asked for in one call must be, key by key, what they are when asked one by one."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from dspy.lm15 import Config, Message, Request

from tests.builders import persona, question
from tests.fake_engines import RuleEngine
from tests.fake_server import FakeServer
from value_personas.experiments.answer_store import AnswerStore
from value_personas.programs.elicitation import SampledAnswers
from value_personas.programs.engines import EngineSettings, connect
from value_personas.programs.engines.draws import runs_of_draws
from value_personas.programs.engines.durable import DurableEngine
from value_personas.programs.engines.limits import Usage
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.replies import MemoryStore, Reply, ReplyFailure, reply_key
from value_personas.programs.panel import Panel
from value_personas.programs.panel_result import PanelResult
from value_personas.programs.respondent import Respondent
from value_personas.signatures import MissingReason

PEOPLE = [persona(f"You are person {'I' * n}.") for n in range(1, 4)]
QUESTIONS = [question("Q1", text="Family?"), question("Q2", text="Work?")]
DRAWS, PAGES = 6, 6


def by_seed(request: Request) -> tuple[str, None]:
    """Depends on page and seed, so that no draw can pass for another."""
    text = f"{request.messages[-1].text}{request.config.seed}"
    return "ABCD"[sum(map(ord, text)) % 4], None


def asked(server: FakeServer, store: MemoryStore, **settings: object) -> tuple[PanelResult, Model]:
    options = {"lm": "openai/m", "base_url": server.url, "deployment": "one", "max_retries": 1} | settings
    model = connect(EngineSettings(**options), store)  # type: ignore[arg-type]
    return Panel(model, Respondent(SampledAnswers(draws=DRAWS)), 4).run(PEOPLE, QUESTIONS), model


def texts(store: MemoryStore) -> dict[bytes, str]:
    return {key: reply.text for key, reply in store.replies.items()}


@pytest.mark.parametrize("endpoint", ["chat", "completions"])
def test_one_call_a_page_keeps_the_replies_of_one_call_a_draw(endpoint: str) -> None:
    one_by_one, together = MemoryStore(), MemoryStore()
    with FakeServer(engine=RuleEngine(by_seed)) as server:
        expected, apart = asked(server, one_by_one, endpoint=endpoint, answers_per_call=1)
        assert server.calls == apart.usage.calls == PAGES * DRAWS
    with FakeServer(engine=RuleEngine(by_seed)) as server:
        result, model = asked(server, together, endpoint=endpoint)
        assert server.calls == model.usage.calls == PAGES
        again, warm = asked(server, together, endpoint=endpoint)
        assert server.calls == PAGES
        assert (warm.usage.calls, warm.usage.stored) == (0, PAGES * DRAWS)
    assert texts(together) == texts(one_by_one)
    assert len(together.replies) == PAGES * DRAWS
    assert len(set(texts(together).values())) > 1
    np.testing.assert_array_equal(result.log_p, expected.log_p)
    np.testing.assert_array_equal(again.log_p, expected.log_p)
    assert model.gives_several
    # The prompt is read once a call, and each token is counted once.
    assert model.usage.output_tokens == apart.usage.output_tokens == PAGES * DRAWS
    assert model.usage.input_tokens * DRAWS == apart.usage.input_tokens
    assert sum(reply.input_tokens or 0 for reply in together.replies.values()) == model.usage.input_tokens


@pytest.mark.parametrize("several", ["refused", "ignored"])
def test_a_server_that_gives_one_at_a_time_is_asked_so_after_its_first_reply(several: str) -> None:
    one_by_one, fallen_back = MemoryStore(), MemoryStore()
    with FakeServer(engine=RuleEngine(by_seed)) as server:
        expected, _ = asked(server, one_by_one, answers_per_call=1, concurrency=1)
    with FakeServer(engine=RuleEngine(by_seed), several=several) as server:  # type: ignore[arg-type]
        result, model = asked(server, fallen_back, concurrency=1)
        in_vain = (
            4 if several == "refused" else 0
        )  # a call of each worker was on its way; none of them is billed
        assert PAGES * DRAWS <= server.calls <= PAGES * DRAWS + in_vain
        assert server.calls == model.usage.calls
    assert (model.gives_several, model.at_once) == (False, 1)
    assert texts(fallen_back) == texts(one_by_one)
    np.testing.assert_array_equal(result.log_p, expected.log_p)


def test_a_draw_that_is_stored_is_not_drawn_a_second_time() -> None:
    engine, store = RuleEngine(by_seed), MemoryStore()
    with FakeServer(engine=engine) as server:
        expected, model = asked(server, store)
        way = SampledAnswers(draws=DRAWS)
        template = Respondent(way).templates[0]
        form = Respondent(way).style.forms(QUESTIONS[0], 0)[0]
        values = {"persona": PEOPLE[0].text, "question": "Family?", "options": form.options}
        for lost in (1, 4, 5):
            del store.replies[
                reply_key(model.identity, template.request("openai/m", values, way.config(lost)))
            ]
        engine.requests.clear()
        before = server.calls
        result, _ = asked(server, store)
        assert server.calls == before + 2
    assert sorted(request.config.seed or 0 for request in engine.requests) == [1, 4, 5]
    np.testing.assert_array_equal(result.log_p, expected.log_p)


def test_faults_leave_no_draw_unaccounted() -> None:
    store = MemoryStore()
    shares = dict.fromkeys(
        ("429", "500", "reset", "invalid-json", "empty-choices", "wrong-content-type"), 0.1
    )
    with FakeServer(shares, engine=RuleEngine(by_seed)) as server:
        result, model = asked(server, store, max_retries=6)
    assert (result.missing < 0).all()
    assert len(store.replies) == PAGES * DRAWS
    assert model.usage.output_tokens == PAGES * DRAWS


def draws(*seeds: int, text: str = "u") -> list[Request]:
    return [Request(model="m", messages=(Message.user(text),), config=Config(seed=seed)) for seed in seeds]


def test_a_run_ends_at_a_gap_another_prompt_or_its_greatest_length() -> None:
    requests = [*draws(0, 1, 2, 4, 5), *draws(6, text="v"), *draws(7)]
    runs = [[request.config.seed for request in run] for run in runs_of_draws(requests, 2)]
    assert runs == [[0, 1], [2], [4, 5], [6], [7]]
    assert list(runs_of_draws([], 3)) == []
    unseeded = [Request(model="m", messages=(Message.user("u"),))] * 2
    assert [len(run) for run in runs_of_draws(unseeded, 9)] == [1, 1]


class Scripted:
    """Gives as many answers a call as it is told to, and notes what it was asked."""

    identity = "scripted"
    at_once = 10

    def __init__(self, given: int = 10, failure: Exception | None = None) -> None:
        self.given = given
        self.failure = failure
        self.asked: list[int] = []

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        return (await self.replies(request, 1))[0]

    async def replies(self, request: Request, count: int) -> list[Reply]:
        first = request.config.seed or 0
        if self.failure and self.asked:
            raise self.failure
        seeds = range(first, first + min(count, self.given))
        self.asked += seeds
        await asyncio.sleep(0.01)
        return [Reply(str(seed), None, "stop") for seed in seeds]

    async def aclose(self) -> None:
        pass


def test_what_a_call_leaves_out_is_asked_for_in_the_next() -> None:
    engine = Scripted(given=3)
    replies = asyncio.run(DurableEngine(engine, MemoryStore(), Usage()).replies(draws(*range(7))))
    assert [reply.text for reply in replies] == ["0", "1", "2", "3", "4", "5", "6"]
    assert engine.asked == list(range(7))


def test_a_failed_call_keeps_what_came_before_it() -> None:
    store = MemoryStore()
    engine = DurableEngine(Scripted(3, ReplyFailure(MissingReason.TIMEOUT, "late")), store, Usage())
    with pytest.raises(ReplyFailure):
        asyncio.run(engine.replies(draws(*range(7))))
    assert sorted(reply.text for reply in store.replies.values()) == ["0", "1", "2"]


def test_draws_in_flight_are_shared_within_a_process() -> None:
    engine = Scripted()
    durable = DurableEngine(engine, MemoryStore(), Usage())

    async def run() -> list[Sequence[Reply]]:
        return await asyncio.gather(durable.replies(draws(0, 1, 2, 3)), durable.replies(draws(2, 3, 4)))

    one, other = asyncio.run(run())
    assert [reply.text for reply in one] == ["0", "1", "2", "3"]
    assert [reply.text for reply in other] == ["2", "3", "4"]
    assert sorted(engine.asked) == [0, 1, 2, 3, 4]


def test_two_processes_that_want_the_same_draws_wait_for_each_other_no_longer_than_for_a_call(
    tmp_path: Path,
) -> None:
    """Both have half of each page: neither may keep its half while it waits for the other's."""
    engines = Scripted(), Scripted()

    async def run(first: AnswerStore, second: AnswerStore) -> None:
        one, other = (DurableEngine(e, s, Usage()) for e, s in zip(engines, (first, second), strict=True))
        for page in range(20):
            wanted = draws(*range(6), text=f"page {page}")
            for got in await asyncio.gather(one.replies(wanted), other.replies(wanted[::-1])):
                assert {reply.text for reply in got} == set("012345")

    with AnswerStore(tmp_path / "a.db") as first, AnswerStore(tmp_path / "a.db") as second:
        asyncio.run(asyncio.wait_for(run(first, second), 60))
    assert sorted(engines[0].asked + engines[1].asked) == sorted(list(range(6)) * 20)


def test_a_cancelled_page_frees_its_draws(tmp_path: Path) -> None:
    async def run(store: AnswerStore, other: AnswerStore) -> list[Reply]:
        page = asyncio.create_task(DurableEngine(Scripted(), store, Usage()).replies(draws(0, 1, 2)))
        await asyncio.sleep(0.005)
        page.cancel()
        with pytest.raises(asyncio.CancelledError):
            await page
        again = DurableEngine(Scripted(), other, Usage()).replies(draws(0, 1, 2))
        return await asyncio.wait_for(again, 30)

    with AnswerStore(tmp_path / "a.db") as store, AnswerStore(tmp_path / "a.db") as other:
        assert [reply.text for reply in asyncio.run(run(store, other))] == ["0", "1", "2"]
