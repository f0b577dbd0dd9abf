"""The engine on the workers of a cluster: here, processes of this machine."""

import asyncio
import os
import runpy
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

dask = pytest.importorskip("dask")
distributed = pytest.importorskip("distributed")

from tests.programs.engines.cluster.workers import pids  # noqa: E402
from tests.programs.engines.test_places import QUESTIONS, _people  # noqa: E402
from value_personas.programs import Panel, PanelResult, Respondent  # noqa: E402
from value_personas.programs.elicitation import FirstTokenLogprobs  # noqa: E402
from value_personas.programs.engines import ENGINES, EngineSettings, MemoryStore, Model, connect  # noqa: E402
from value_personas.programs.engines.cluster import joining  # noqa: E402
from value_personas.programs.engines.cluster.processes import Processes  # noqa: E402
from value_personas.programs.engines.conformance import CHECKS, Check  # noqa: E402
from value_personas.signatures import EngineError, Persona, RecipeError  # noqa: E402

PRELOAD = Path(__file__).parents[4] / "experiments/benchmarks/sleeping_engine.py"

KEY = "sk-planted-93-planted"

pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("ignore")]


@pytest.fixture(scope="module", autouse=True)
def sleeping() -> Iterator[None]:
    """An engine that takes a while, here and on the workers that are started."""
    before = ENGINES.own
    runpy.run_path(str(PRELOAD))
    with dask.config.set({"distributed.worker.preload": [str(PRELOAD)]}):
        yield
    ENGINES.own = before
    ENGINES._loaded.pop("sleeping")


@pytest.fixture(scope="module")
def cluster(sleeping: None) -> Iterator[Processes]:
    started = Processes(2)
    with distributed.Client(started.address, set_as_default=False) as client:
        client.wait_for_workers(2)
    yield started
    started.close()


def model(
    at: Processes, store: MemoryStore | None = None, told: list[str] | None = None, **more: Any
) -> Model:
    parameters = {"seconds": 0.003} | more.pop("parameters", {})
    lm, place = more.pop("lm", "sleeping/m"), at.address
    settings = EngineSettings(lm=lm, cluster=place, parameters=parameters, **more)
    return connect(settings, store or MemoryStore(), tell=(told if told is not None else []).append)


def asked(made: Model, people: list[Persona]) -> PanelResult:
    return Panel(made, Respondent(FirstTokenLogprobs())).run(people, QUESTIONS)


def closed(made: Model) -> None:
    asyncio.run(made.aclose())


def alone(people: list[Persona]) -> PanelResult:
    settings = EngineSettings(lm="sleeping/m", parameters={"seconds": 0.0})
    return asked(connect(settings, MemoryStore()), people)


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_it_conforms(cluster: Processes, check: Check) -> None:
    from value_personas.programs.engines.cluster.engine import ClusterEngine

    place = cluster.address
    settings = EngineSettings(lm="sleeping/m", cluster=place, parameters={"seconds": 0.0})
    asyncio.run(check(ClusterEngine(settings, [].append), "sleeping/m"))


def test_digits_and_keys_are_those_of_one_process(cluster: Processes) -> None:
    people, store = _people(30), MemoryStore()
    made = model(cluster, store)
    result, figures = asked(made, people), made.figures()
    closed(made)
    assert np.array_equal(result.log_p, alone(people).log_p)
    assert result.missing_by_reason() == {}
    assert made.usage.calls == len(store.replies) == 600
    assert sum(did["answers"] for did in figures.values()) == 600
    assert all(did["calls"] > 150 for did in figures.values()), figures
    assert sum(did["personas"] for did in figures.values()) <= 40, "most personas were on one worker"
    here = connect(EngineSettings(lm="sleeping/m", parameters={"seconds": 0.003}), store)
    assert np.array_equal(asked(here, people).log_p, result.log_p)
    assert here.usage.calls == 0, "what the cluster was asked is not asked again here"


def test_workers_that_are_killed_lose_nothing(cluster: Processes) -> None:
    """Two at a time and before they have started: more often than Dask's own local cluster survives."""
    people, store = _people(60), MemoryStore()
    made = model(cluster, store, parameters={"seconds": 0.02})
    stop, killed = threading.Event(), set[int]()

    def kill() -> None:
        while len(killed) < 12 and not stop.wait(1.0 if len(killed) % 4 else 3.0):
            for pid in pids(cluster)[: 1 + len(killed) % 2]:
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)

    killer = threading.Thread(target=kill)
    killer.start()
    try:
        result = asked(made, people)
    finally:
        stop.set()
        killer.join()
        closed(made)
    assert len(killed) >= 12
    assert result.missing_by_reason() == {}
    assert np.array_equal(result.log_p, alone(people).log_p)
    assert made.usage.calls == len(store.replies) == 1200, "no request was asked twice from here"


def test_a_worker_that_hangs_is_passed_over_until_it_is_back(
    cluster: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joining, "_SILENT_S", 3.0)
    people, told = _people(60), list[str]()
    made = model(cluster, told=told, parameters={"seconds": 0.02})
    hung = pids(cluster)[0]
    times = [
        threading.Timer(after, os.kill, (hung, what))
        for after, what in ((1.0, signal.SIGSTOP), (8.0, signal.SIGCONT))
    ]
    for timer in times:
        timer.start()
    result, figures = asked(made, people), made.figures()
    for timer in times:
        timer.join()
    closed(made)
    assert any("has said nothing for 3 s: others are asked in its place" in line for line in told), told
    assert result.missing_by_reason() == {}
    assert np.array_equal(result.log_p, alone(people).log_p)
    assert made.usage.calls == 1200, "no request was asked twice from here"
    assert sum(did["answers"] for did in figures.values()) == 1200, "what it did before is told"


def test_a_request_that_kills_its_worker_is_one_missing_answer(cluster: Processes) -> None:
    people = [*_people(6), Persona("none", "You are poison.", 1.0, "XNA")]
    made = model(cluster, parameters={"dies_at": f"poison.\n\n{QUESTIONS[7].text}"})
    result = asked(made, people)
    closed(made)
    assert result.missing_by_reason() == {"provider_error": 1}
    assert "workers died of it" in result.examples["provider_error"]
    assert np.array_equal(result.log_p[:6], alone(people).log_p[:6])


def test_a_request_that_fails_is_alone_in_missing_its_answer(cluster: Processes) -> None:
    people = [*_people(6), Persona("none", "You are poison.", 1.0, "XNA")]
    made = model(cluster, parameters={"fails_at": "poison"})
    result = asked(made, people)
    closed(made)
    assert result.missing_by_reason() == {"provider_error": 20}
    assert "a fault of the engine" in result.examples["provider_error"]
    assert np.array_equal(result.log_p[:6], alone(people).log_p[:6])


def test_a_scheduler_that_goes_away_ends_the_run_in_one_line() -> None:
    own, store = Processes(1), MemoryStore()
    made = model(own, store, parameters={"seconds": 0.02})
    closer = threading.Timer(3.0, own.close)
    closer.start()
    with pytest.raises(EngineError, match=r"the scheduler went away; the \d+ replies that came are kept"):
        asked(made, _people(60))
    closer.join()
    closed(made)
    assert store.replies


def test_what_cannot_be_joined_is_one_line(cluster: Processes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(joining, "_CONNECT_S", 0.5)
    with pytest.raises(EngineError, match="no Dask scheduler answers there"):
        connect(EngineSettings(lm="sleeping/m", cluster="tcp://127.0.0.1:9"))
    with pytest.raises(RecipeError, match=r"not all workers are fit: tcp://.*no such model here"):
        model(cluster, lm="sleeping/absent")
    monkeypatch.setattr(joining, "versions", lambda: {"python": "2.7.18", "dspy": "0", "value-personas": "0"})
    with pytest.raises(RecipeError, match=r"tcp://127\.0\.0\.1:\d+: python 3\..*, here 2\.7\.18, dspy"):
        model(cluster)


def test_a_scheduler_that_lacks_what_blocks_call_is_one_line(
    cluster: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes blocks to pieces, wherever they go: unlike its workers it is easily started elsewhere."""

    def without(client: Any, function: Any) -> None:
        raise ModuleNotFoundError("No module named 'value_personas'")

    monkeypatch.setattr(distributed.Client, "run_on_scheduler", without)
    with pytest.raises(RecipeError, match=r"its scheduler has no value-personas, .*start it where"):
        model(cluster)


def test_encryption_that_cannot_be_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = EngineSettings(lm="sleeping/m", cluster="tls://127.0.0.1:9")
    with pytest.raises(RecipeError, match=r"encryption needs certificates; name them in DASK_"):
        connect(settings)
    nowhere = {f"distributed.comm.tls.{one}": "/nowhere.pem" for one in ("ca-file", "client.cert")}
    with (
        dask.config.set(nowhere),
        pytest.raises(RecipeError, match=r"the certificates that Dask is told of: .*No such file"),
    ):
        connect(settings)
    monkeypatch.setattr(
        distributed.security.Security,
        "get_connection_args",
        lambda security, role: {"ssl_context": True, "require_encryption": True},
    )
    with pytest.raises(RecipeError, match="encryption is required here; name a tls:// address"):
        connect(EngineSettings(lm="sleeping/m", cluster="tcp://127.0.0.1:9"))


def test_workers_read_keys_from_their_own_environment(
    cluster: Processes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ONLY_HERE", KEY)
    with pytest.raises(RecipeError, match="the environment variable ONLY_HERE is not set"):
        model(cluster, api_key_env="ONLY_HERE")


def test_no_worker_is_waited_for_and_then_said() -> None:
    empty, told = Processes(0), list[str]()
    with pytest.raises(EngineError, match="no worker came within 1 s"):
        model(empty, told=told, patience_s=1.0)
    assert "waiting for workers" in told[0]
    empty.close()


def test_no_key_stands_in_a_task(sleeping: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HERE_AND_THERE", KEY)
    own, sent = Processes(1), list[bytes]()
    submit = distributed.Client.submit

    def noted(client: Any, *args: Any, **more: Any) -> Any:
        sent.append(distributed.protocol.pickle.dumps((args, more)))
        return submit(client, *args, **more)

    monkeypatch.setattr(distributed.Client, "submit", noted)
    made = model(own, api_key_env="HERE_AND_THERE")
    result = asked(made, _people(2))
    closed(made)
    own.close()
    assert result.missing_by_reason() == {}
    assert sent
    assert all(b"HERE_AND_THERE" in task and KEY.encode() not in task for task in sent)
