"""Several servers of one model: who is asked, who is passed over, and what is told of each."""

import asyncio
import threading
import time

import pytest
from dspy.lm15 import Config, Message, Request

from tests.fake_engines import RuleEngine, letters
from tests.fake_server import FakeServer
from value_personas.programs import Panel, Respondent
from value_personas.programs.elicitation import FirstTokenLogprobs
from value_personas.programs.engines import EngineSettings, MemoryStore, connect
from value_personas.programs.engines.places import Place, Places, beginning_of
from value_personas.programs.engines.replies import Reply
from value_personas.signatures import Persona, Question, Scale

SCALE = Scale(("Very", "Rather", "Hardly", "Never"), (1.0, 2.0, 3.0, 4.0))
QUESTIONS = [Question(f"Q{n}", f"How often do you do thing number {n}?", SCALE) for n in range(20)]


def _people(count: int) -> list[Persona]:
    return [
        Persona("none", f"You are person {n}. {'You hold many views. ' * 20}", 1.0, "XNA")
        for n in range(count)
    ]


def _request(text: str) -> Request:
    return Request(model="m", messages=(Message.user(text),), config=Config())


def _asked(persona: str, n: int) -> Request:
    return _request(f"{persona}\n\nQuestion {n}?\n\nA yes\nB no\n\nReply with a letter.")


def _places(count: int) -> tuple[Places, list[Place]]:
    each = [Place(f"host{n}:8000") for n in range(count)]
    return Places(each), each


def test_the_beginning_of_a_prompt_is_its_persona():
    assert beginning_of(_asked("You are old.\n\nYou are glad.", 3)) == "You are old.\n\nYou are glad."
    assert beginning_of(_request("Say yes.")) == ""


def test_all_requests_of_a_persona_go_to_one_place_whoever_asks():
    (mine, _), (theirs, _) = _places(4), _places(4)
    chosen = {(p, mine.choose(_asked(f"You are {p}.", n)).name) for p in range(200) for n in range(5)}
    assert len(chosen) == 200
    assert {(p, theirs.choose(_asked(f"You are {p}.", 0)).name) for p in range(200)} == chosen
    by_place = [sum(name == f"host{n}:8000" for _, name in chosen) for n in range(4)]
    assert min(by_place) > 25, by_place  # 50 each on average


def test_a_place_that_comes_or_goes_moves_only_its_own_personas():
    (four, _), (five, _) = _places(4), _places(5)
    before = [four.choose(_asked(f"You are {p}.", 0)).name for p in range(400)]
    after = [five.choose(_asked(f"You are {p}.", 0)).name for p in range(400)]
    moved = [(one, other) for one, other in zip(before, after, strict=True) if one != other]
    assert {other for _, other in moved} == {"host4:8000"}
    assert 40 < len(moved) < 130  # 80 expected


def test_a_slow_place_takes_no_more_than_its_share_of_what_is_in_flight():
    places, each = _places(4)
    for n in range(400):
        places.choose(_asked(f"You are {n % 40}.", n)).begin()
    load = sorted(place.outstanding for place in each)
    assert load[-1] <= 2.0 * 100 + 2, load
    for place in each[1:]:
        place.outstanding = 0
    assert all(places.choose(_asked(f"new {n}", 0)) is not each[0] for n in range(50))


def test_a_place_that_is_away_is_passed_over_and_tried_by_one_call():
    places, each = _places(2)
    home = places.choose(_asked("You are one.", 0))
    (other,) = (place for place in each if place is not home)
    started = [home.begin() for _ in range(8)]
    for one in started:
        home.failed(one, away=True)
    assert home.parked == 1, "calls that failed together park it once"
    assert places.choose(_asked("You are one.", 1)) is other
    home._down_until = 0.0  # the time is over
    assert home.is_up
    trial = home.begin()
    assert not home.is_up, "one call tries it"
    home.failed(trial, away=True)
    assert home.down_until - time.monotonic() > 3.0, "longer the second time"
    home._down_until = 0.0
    home.answered(home.begin(), [Reply("A", None, "stop", 10, 1, 0.0, 8)])
    assert home.is_up
    assert home.figures() == {
        "calls": 10, "personas": 1, "answers": 1, "failures": 9, "parked": 2,
        "mean_latency_s": pytest.approx(0.0, abs=0.1), "input_tokens": 10, "cached_tokens": 8,
    }  # fmt: skip


def test_one_failed_call_among_answers_parks_nothing():
    places, each = _places(2)
    slow = each[0].begin()
    each[0].answered(each[0].begin(), [])
    each[0].failed(slow, away=True)
    assert each[0].is_up
    assert places.choose(_asked("x", 0)) in each


def test_four_servers_serve_each_persona_from_one_prefix_cache():
    people, servers = _people(40), [FakeServer(engine=RuleEngine(letters), latency_s=0.002) for _ in range(4)]
    for server in servers:
        server.__enter__()
    try:
        settings = EngineSettings(
            lm="openai/m", base_url=tuple(s.url for s in servers), concurrency=16, deployment="four"
        )
        model = connect(settings, MemoryStore())
        result = Panel(model, Respondent(FirstTokenLogprobs()), 32).run(people, QUESTIONS)
    finally:
        for server in servers:
            server.stop()
    assert result.missing_by_reason() == {}
    calls = [server.calls for server in servers]
    assert sum(calls) == 800
    assert min(calls) > 100, calls
    begun = sum(server.calls - server.server.prefixes.hits for server in servers)
    assert begun <= 60, f"{begun} times a persona's beginning was read, for 40 personas"
    figures = model.figures()
    assert [figures[f"127.0.0.1:{s.port}"]["calls"] for s in servers] == calls
    told = sum(place["cached_tokens"] for place in figures.values())
    assert told > 0.7 * sum(place["input_tokens"] for place in figures.values())


def test_one_address_tells_nothing_of_places():
    with FakeServer() as server:
        model = connect(EngineSettings(lm="openai/m", base_url=server.url))
        assert (model.places, model.figures()) == (1, {})


def test_a_server_that_dies_and_comes_back_loses_nothing(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("value_personas.programs.engines.places._FIRST_PARK_S", 0.1)
    people = _people(60)
    servers = [FakeServer(engine=RuleEngine(letters), latency_s=0.004) for _ in range(4)]
    for server in servers:
        server.__enter__()
    back: list[FakeServer] = []

    def dies_and_comes_back() -> None:
        while sum(server.calls for server in servers) < 250:
            time.sleep(0.005)
        servers[0].stop()
        while sum(server.calls for server in servers) < 600:
            time.sleep(0.005)
        back.append(FakeServer(engine=RuleEngine(letters), latency_s=0.004, port=servers[0].port).__enter__())

    killer = threading.Thread(target=dies_and_comes_back)
    killer.start()
    try:
        urls = tuple(s.url for s in servers)
        store = MemoryStore()
        model = connect(
            EngineSettings(lm="openai/m", base_url=urls, concurrency=16, deployment="four"), store
        )
        result = Panel(model, Respondent(FirstTokenLogprobs()), 32).run(people, QUESTIONS)
        killer.join()
    finally:
        for server in (*servers, *back):
            server.stop()
    assert result.missing_by_reason() == {}
    assert len(store.replies) == 1200
    assert back[0].calls > 20, "it was tried again"
    gone = model.figures()[f"127.0.0.1:{servers[0].port}"]
    assert gone["parked"] >= 1
    assert gone["failures"] < 60, gone
    with FakeServer(engine=RuleEngine(letters)) as alone:
        lone = connect(EngineSettings(lm="openai/m", base_url=alone.url, deployment="four"))
        again = Panel(lone, Respondent(FirstTokenLogprobs())).run(people, QUESTIONS)
    assert (result.log_p == again.log_p).all()


def test_a_dead_address_beside_others_ends_no_run():
    """Before the first answer too, where a lone address that is dead is taken for a wrong one."""
    with FakeServer(engine=RuleEngine(letters)) as server:
        urls = ("http://127.0.0.1:9/v1", server.url)
        model = connect(EngineSettings(lm="openai/m", base_url=urls, max_retries=0))

        async def ask() -> list[Reply]:
            requests = [model.request("", f"{n}\n\nq\n\no\n\nf", max_tokens=1) for n in range(20)]
            return [await model.reply(request) for request in requests]

        assert len(asyncio.run(ask())) == 20
