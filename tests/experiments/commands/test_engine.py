import asyncio
import json
import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.fake_server import FakeServer
from value_personas.experiments.answer_store import AnswerStore
from value_personas.experiments.answer_store.contents import info
from value_personas.experiments.commands.engine import app
from value_personas.programs.elicitation import ElicitationSettings, choose_elicitation
from value_personas.programs.engines import EngineSettings, connect
from value_personas.programs.engines.conformance import CHECKS
from value_personas.programs.engines.serving_quirks import QUIRKS
from value_personas.signatures import EngineError, Persona, Question, RecipeError, Scale


def check(*arguments: str) -> dict[str, object]:
    result = CliRunner().invoke(app, ["check", "--json", *arguments], catch_exceptions=False)
    found: dict[str, object] = json.loads(result.stdout)
    return found | {"exit_code": result.exit_code}


def test_check_says_what_an_engine_can_do() -> None:
    with FakeServer() as server:
        report = check("--lm", "openai/m", "--base-url", server.url, "--calls", "5")
        assert server.calls == 5
    assert (report["logprobs"], report["text"], report["elicitation"]) == (True, "A", "logprobs")
    assert report["labels"] == pytest.approx({"A": 0.6065 + 0.0150, "B": 0.3012, "C": 0.0765}, abs=1e-3)
    assert report["exit_code"] == 0


def test_check_says_so_when_there_are_no_logprobs() -> None:
    with FakeServer({"no-logprobs": 1.0}) as server:
        report = check("--lm", "openai/m", "--base-url", server.url)
    assert (report["logprobs"], report["elicitation"]) == (False, "sampled")


def test_check_tries_what_it_promises_and_says_what_it_adapted() -> None:
    quirks = ["no-system-role", "logprobs-forbidden", "thinks-unopened"]
    with FakeServer(quirks=quirks) as server:
        report = check("--lm", "openai/m", "--base-url", server.url)
    assert report["elicitation"] == "sampled"
    assert "refuses log-probabilities" in str(report["why"])
    assert len(report["adaptations"]) == 1  # type: ignore[arg-type]
    assert report["suite"] is None


def test_what_is_found_out_is_kept_for_runs_and_asked_anew_by_the_next_check(tmp_path: Path) -> None:
    where = ("--lm", "openai/m", "--calls", "4", "--workspace", str(tmp_path))
    with FakeServer(quirks=["five-alternatives"]) as server:
        first = check(*where, "--base-url", server.url)
        calls, url, port = server.calls, server.url, server.port
    assert "with 5 alternatives" in str(first["why"])
    with AnswerStore(tmp_path / "answers.db") as store:
        assert info(store).as_dict()["replies"] == calls - 1 + 1  # one was refused; what was found out

        async def choose() -> str:
            model = connect(EngineSettings(lm="openai/m", base_url=url), store)
            persona = Persona("none", "A person.", 1.0, "XX")
            scale = Scale(("a lot", "a little"), (1.0, 2.0))
            question = Question("Q1", "How much?", scale)
            _, why = await choose_elicitation(model, ElicitationSettings(), persona, question)
            await model.aclose()
            return why

        assert asyncio.run(choose()) == first["why"]  # of a server that is gone
    with FakeServer(port=port) as server:
        again = check(*where, "--base-url", server.url)
        assert server.calls == 4
    assert "with 5 alternatives" not in str(again["why"])
    with AnswerStore(tmp_path / "answers.db") as store, pytest.raises(EngineError):
        asyncio.run(choose())  # nothing is known any more that a run could begin with


def test_the_suite_says_what_an_endpoint_does_and_how_it_differs() -> None:
    with FakeServer() as server:
        sound = check("--lm", "openai/m", "--base-url", server.url, "--suite")["suite"]
    assert len(sound["kept"]) == len(CHECKS)  # type: ignore[index,call-overload]
    assert (sound["broken"], sound["quirks"]) == ({}, [])  # type: ignore[index,call-overload]
    signed = [name for name, quirk in QUIRKS.items() if quirk.sign]
    assert len(signed) > 5
    for name in signed:
        with FakeServer(quirks=[name]) as server:
            found = check("--lm", "openai/m", "--base-url", server.url, "--suite")["suite"]
        assert QUIRKS[name].what in found["quirks"], name  # type: ignore[index,call-overload]


def test_check_of_the_embedded_respondent_reads_as_text() -> None:
    result = CliRunner().invoke(app, ["check", "--lm", "synthetic/respondent"])
    assert result.exit_code == 0
    assert "logprobs       yes" in result.stdout


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (["--lm", "openai/m", "--base-url", "http://127.0.0.1:9/v1"], EngineError),
        (["--lm", "openai/m", "--base-url", "nowhere"], RecipeError),
        (["--lm", "nonsense/m"], RecipeError),
    ],
)
def test_check_of_what_is_not_there(arguments: list[str], error: type[Exception]) -> None:
    result = CliRunner().invoke(app, ["check", *arguments])
    assert isinstance(result.exception, error)
    assert "\n" not in str(result.exception)


def test_serve_synthetic_answers_over_http() -> None:
    command = [sys.executable, "-c", "from value_personas.experiments.commands.engine import app; app()"]
    server = subprocess.Popen(
        [*command, "serve-synthetic", "--port", "0", "--fault", "500=0.3", "--parameter", "refusal_rate=0.0"],
        stderr=subprocess.PIPE,
        text=True,
        cwd=Path(__file__).parents[3],
    )
    try:
        assert server.stderr is not None
        url = server.stderr.readline().split(" on ")[1].split()[0]
        report = check("--lm", "openai/m", "--base-url", url, "--calls", "8")
        assert report["failures"] == 0
        assert report["logprobs"] is True
    finally:
        server.terminate()
        server.communicate(timeout=10)


@pytest.mark.parametrize(
    "option",
    ["--fault=nonsense=0.5", "--fault=500=2", "--fault=500", "--parameter=none=1", "--several=perhaps"],
)
def test_serve_synthetic_refuses_what_it_does_not_know(option: str) -> None:
    result = CliRunner().invoke(app, ["serve-synthetic", option])
    assert isinstance(result.exception, RecipeError)
