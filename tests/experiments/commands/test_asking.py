"""A run by batches: files that somebody sends, and batches that a server takes."""

import json
import random
import time
from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from tests.experiments.commands.typed import command
from tests.fake_server import FakeServer
from tests.forked import Forked
from value_personas.experiments.answer_store import AnswerStore
from value_personas.experiments.answer_store.batches import Imported, import_results, lines_of
from value_personas.experiments.commands.asking import asked
from value_personas.experiments.fieldwork import batch as batches
from value_personas.experiments.recipe.loading import load_recipe
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.run.pipeline import run
from value_personas.experiments.run.result import RunResult
from value_personas.programs.engines.serving_batches import BatchPlan
from value_personas.programs.engines.synthetic import SyntheticRespondent
from value_personas.signatures import BudgetError, EngineError, RecipeError

SETTINGS = [
    "respondent.lm=openai/synthetic",
    "profiles.n=2",
    'survey.countries=["XNA", "XNB"]',
    'personas=["country", "values-hedged"]',
    'questions.include=["Q1", "Q29", "Q106", "Q250"]',
    "cultural_map.ask=false",
    "scoring.persona_draws=0",
    "scoring.floor_draws=20",
]


@pytest.fixture
def server() -> Iterator[FakeServer]:
    with FakeServer(engine=SyntheticRespondent()) as served:
        yield served


def recipe_at(url: str, workspace: Path, *more: str) -> Recipe:
    return load_recipe(
        "quickstart",
        [*SETTINGS, f"respondent.base_url={url}", f"workspace={workspace}", "respondent.deployment=s", *more],
    )


def answered(server: FakeServer, path: Path) -> list[bytes]:
    """The results of a request file, as ``vllm run-batch`` writes them."""
    lines = []
    for line in path.read_bytes().splitlines():
        asked_for = json.loads(line)
        status, body = asyncio_run(server.server._in_batch(asked_for["url"], asked_for["body"]))
        response = {"status_code": status, "request_id": "vllm-batch-1", "body": body}
        result = {"id": "vllm-1", "custom_id": asked_for["custom_id"], "response": response, "error": None}
        lines.append(json.dumps(result).encode() + b"\n")
    return lines


def asyncio_run(work: object) -> tuple[int, dict[str, object]]:
    import asyncio

    return asyncio.run(work)  # type: ignore[arg-type]


def by_files(recipe: Recipe, folder: Path) -> RunResult | None:
    try:
        return asked(lambda: run(recipe), str(folder), recipe, as_json=True)
    except SystemExit:
        return None
    except Exception as ending:
        if type(ending).__name__ != "Exit":
            raise
        return None


def same_numbers(one: RunResult, other: RunResult) -> bool:
    pd.testing.assert_frame_equal(one.estimates, other.estimates, check_exact=True)
    pd.testing.assert_frame_equal(one.scores, other.scores, check_exact=True)
    return True


def test_files_are_written_answered_and_brought_back(tmp_path: Path, server: FakeServer) -> None:
    keyless = "respondent.api_key_env=NOBODYS_KEY"  # whoever sends the files has one
    recipe, out = recipe_at(server.url, tmp_path / "ws", keyless), tmp_path / "out"
    assert by_files(recipe, out) is None
    assert [path.name for path in (tmp_path / "ws").glob("answers.db*")] == ["answers.db"], "whole by itself"
    (first,) = out.glob("*.jsonl")
    requests = [json.loads(line) for line in first.read_bytes().splitlines()]
    assert len(requests) == 54, "descriptors first, each once"
    assert {tuple(sorted(r)) for r in requests} == {("body", "custom_id", "method", "url")}
    assert {r["url"] for r in requests} == {"/v1/chat/completions"}
    before = first.read_bytes()
    assert by_files(recipe, out) is None
    assert first.read_bytes() == before, "the same command writes the same"
    results, stray = answered(server, first), random.Random(0)
    stray.shuffle(results)
    brought = tmp_path / "results.jsonl"
    unknown = json.dumps(json.loads(results[0]) | {"custom_id": "ab" * 32})
    brought.write_bytes(b"".join(results[:20]) + results[20][:100] + b"\n{}\nnull\n" + unknown.encode())
    with AnswerStore(tmp_path / "ws/answers.db") as store:
        told = import_results(store, lines_of(brought))
        assert told.as_dict() | {"examples": 0} == {
            "answers": 20, "stored": 0, "errors": 0, "final": 0, "unknown": 1, "unreadable": 3, "examples": 0,
        }  # fmt: skip
        told = import_results(store, results + results)
        assert (told.answers, told.stored, told.unknown) == (34, 74, 0)
    assert by_files(recipe, out) is None
    requests = [json.loads(line) for line in first.read_bytes().splitlines()]
    assert len(requests) == 96, "every page once, the one that shows how to ask among them"
    assert all(request["body"]["logprobs"] for request in requests)
    calls = server.calls
    with AnswerStore(tmp_path / "ws/answers.db") as store:
        import_results(store, answered(server, first))
    result = by_files(recipe, out)
    assert result is not None
    assert result.usage["calls"] == 0
    assert server.calls == calls + len(requests), "nothing was asked at once"
    direct = run(recipe_at(server.url, tmp_path / "direct"))
    assert direct.usage["calls"] == 54 + len(requests)
    assert same_numbers(result, direct)


def test_what_needs_several_files_is_cut(
    tmp_path: Path, server: FakeServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = batches.Batch

    def small(folder: Path) -> batches.Batch:
        return made(folder, most_requests=20, most_bytes=40_000)

    monkeypatch.setattr("value_personas.experiments.commands.asking.Batch", small)
    assert by_files(recipe_at(server.url, tmp_path / "ws"), tmp_path / "out") is None
    files = sorted((tmp_path / "out").glob("*.jsonl"))
    sizes = [(len(path.read_bytes().splitlines()), path.stat().st_size) for path in files]
    assert sum(n for n, _ in sizes) == 54
    assert all(n <= 20 and size <= 40_000 for n, size in sizes)
    assert len(files) > 2
    monkeypatch.setattr("value_personas.experiments.commands.asking.Batch", made)
    assert by_files(recipe_at(server.url, tmp_path / "ws"), tmp_path / "out") is None
    assert len(list((tmp_path / "out").glob("*.jsonl"))) == 1, "files of an earlier batch are not sent again"
    assert not list((tmp_path / "out").glob(".*partial"))


def test_errors_are_no_answers_and_what_would_fail_again_is_missing(
    tmp_path: Path, server: FakeServer
) -> None:
    recipe = recipe_at(server.url, tmp_path / "ws", 'descriptors.frozen="reference"')
    assert by_files(recipe, tmp_path / "out") is None
    (first,) = (tmp_path / "out").glob("*.jsonl")
    results = [json.loads(line) for line in answered(server, first)]
    results[1]["response"] = {
        "status_code": 400,
        "body": {"error": {"message": "too long, sk-planted-93-planted"}},
    }
    results[2] |= {"response": None, "error": {"code": "batch_expired", "message": "expired"}}
    results[3]["response"] = {"status_code": 500, "body": None}
    results[4]["response"]["body"] = {"choices": [], "error": {"message": "overloaded"}}
    results[5]["response"]["body"]["choices"][0]["finish_reason"] = "error"
    lines = [json.dumps(result).encode() for result in results]
    with AnswerStore(tmp_path / "ws/answers.db") as store:
        told = import_results(store, lines)
    assert (told.errors, told.final, told.answers) == (5, 1, len(lines) - 5)
    assert by_files(recipe, tmp_path / "out") is None
    again = [json.loads(line)["custom_id"] for line in first.read_bytes().splitlines()]
    assert sorted(again) == sorted(results[n]["custom_id"] for n in (2, 3, 4, 5))
    with AnswerStore(tmp_path / "ws/answers.db") as store:
        import_results(store, answered(server, first))
    result = by_files(recipe, tmp_path / "out")
    assert result is not None
    assert sum(reasons.get("provider_error", 0) for reasons in result.missing.values()) == 1


def test_only_servers_of_the_protocol_are_asked_in_batches(tmp_path: Path) -> None:
    recipe = load_recipe("quickstart", [f"workspace={tmp_path}"])
    with pytest.raises(RecipeError, match="--batch asks servers of the OpenAI protocol"):
        by_files(recipe, tmp_path / "out")


def test_caps_hold_before_anything_is_written(tmp_path: Path, server: FakeServer) -> None:
    recipe = recipe_at(server.url, tmp_path / "ws", "respondent.max_calls=10")
    with pytest.raises(BudgetError, match="max_calls = 10"):
        by_files(recipe, tmp_path / "out")
    assert not list((tmp_path / "out").glob("*jsonl*"))


def submitted(recipe: Recipe, told: list[str]) -> RunResult:
    return asked(lambda: run(recipe), "submit", recipe, as_json=False, tell=told.append)


@pytest.mark.slow
def test_a_server_takes_batches_with_errors_and_one_that_expires(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("value_personas.experiments.fieldwork.submitting._FIRST_LOOK_S", 0.05)
    plan = BatchPlan(errors=0.1, expires=frozenset({1}), seconds=0.1)
    told: list[str] = []
    with FakeServer(engine=SyntheticRespondent(), batches=plan, key="sk-planted-93-planted") as served:
        monkeypatch.setenv("BATCH_KEY", "sk-planted-93-planted")
        recipe = recipe_at(served.url, tmp_path / "ws", "respondent.api_key_env=BATCH_KEY")
        result = submitted(recipe, told)
        queue = served.server.queue
        assert len(queue.sent) == len(set(queue.sent)), "no file twice"
        assert [batch["status"] for batch in queue.batches.values()].count("expired") == 1
        assert len(queue.batches) >= 4
    with FakeServer(engine=SyntheticRespondent()) as served:
        direct = run(recipe_at(served.url, tmp_path / "direct"))
    assert same_numbers(result, direct)
    assert any("HTTP 500" in line for line in told)
    kept = b"".join(p.read_bytes() for p in (tmp_path / "ws").rglob("*") if p.is_file())
    assert b"sk-planted" not in kept


def test_a_batch_that_is_refused_ends_the_run_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("value_personas.experiments.fieldwork.submitting._FIRST_LOOK_S", 0.05)
    with FakeServer(engine=SyntheticRespondent(), batches=BatchPlan(fails=frozenset({0}))) as served:
        recipe = recipe_at(served.url, tmp_path / "ws")
        with pytest.raises(EngineError, match="batch batch_0 was refused: the batch was refused"):
            submitted(recipe, [])
        assert submitted(recipe, []).usage["calls"] == 0, "the same command sends it anew"


def test_a_server_without_batches_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("value_personas.programs.engines.openai_batches._FIRST_DELAY_S", 0.01)
    recipe = recipe_at("http://127.0.0.1:9/v1", tmp_path / "ws")
    with pytest.raises(EngineError, match=r"127\.0\.0\.1:9"):
        submitted(recipe, [])


_KILLED = """
import sys
from value_personas.experiments.fieldwork import submitting
submitting._FIRST_LOOK_S = 0.1
from value_personas.experiments.cli import main
sys.argv = ["value-personas", *sys.argv[1:]]
main()
"""


@pytest.mark.slow
def test_a_run_that_is_killed_sends_no_file_twice(tmp_path: Path) -> None:
    with FakeServer(engine=SyntheticRespondent(), batches=BatchPlan(seconds=1.0)) as served:
        settings = [part for s in SETTINGS for part in ("--set", s)]
        words = [
            "run",
            "quickstart",
            "--workspace",
            str(tmp_path / "ws"),
            "--batch",
            "submit",
            "--yes",
            *settings,
        ]
        words += ["--set", f"respondent.base_url={served.url}", "--set", "respondent.deployment=s"]
        for n in range(12):
            process = Forked(_KILLED, words)
            end = time.monotonic() + 0.5 + 0.37 * n
            while process.poll() is None and (
                time.monotonic() < end or (tmp_path / "ws/mlflow.db").exists()  # what follows is not ours
            ):
                time.sleep(0.02)
            if process.kill() == 0:
                break
        told = tmp_path / "told"
        assert Forked(_KILLED, words, told).wait() == 0, told.read_text()[-500:]
        queue = served.server.queue
        assert len(queue.sent) == len(set(queue.sent)) == 2
        assert len(queue.batches) == 2
        time.sleep(0.1)
        direct = run(recipe_at(served.url, tmp_path / "direct"))
    estimates = sorted((tmp_path / "ws").glob("runs/*/estimates.parquet"))[-1]
    pd.testing.assert_frame_equal(pd.read_parquet(estimates), direct.estimates, check_exact=True)


def test_one_line_says_what_became_of_results() -> None:
    told = Imported(answers=1200, stored=3, errors=2, unknown=1, unreadable=1)
    told.examples["HTTP 500: overloaded"] += 2
    assert str(told) == (
        "1,200 answers, 3 that were there already, 2 errors (2 × HTTP 500: overloaded), "
        "1 of ids that this store did not ask, 1 lines that are no result"
    )


_FEW = (
    "survey.respondents=150",
    "profiles.n=4",
    'questions.include=["Q1", "Q29", "Q106"]',
)
_STUDIES = {
    "run quickstart": (),
    "sweep sweep": ('survey.countries=["XNA", "XNB"]', "sweep.grid.profiles.n=[2, 4]"),
    "ablate ablation": (
        'survey.countries=["XNA", "XNB"]',
        'ablation.factors={kind=["values-hedged", "none"]}',
    ),
    "shapley shapley": ("shapley.pairs=2",),
    "audit audit": (),
    "tune tune": ("tuning.optimizer=copro", "tuning.budget_calls=400", "tuning.held_out_cells=4"),
    "search search": ("search.trials=2", "search.space={profiles={n=[2, 4]}}"),
}


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("study", _STUDIES)
def test_studies_on_a_cluster_have_the_digits_of_one_process(
    study: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    distributed = pytest.importorskip("distributed")
    submit, blocks = distributed.Client.submit, list[object]()

    def noted(*args: object, **more: object) -> object:
        blocks.append(args)
        return submit(*args, **more)

    monkeypatch.setattr(distributed.Client, "submit", noted)
    settings = [word for one in (*_FEW, *_STUDIES[study]) for word in ("--set", one)]
    told = {}
    for place in ("here", "there"):
        where = ("--cluster", "local:2") if place == "there" else ()
        done = command(*study.split(), "--workspace", str(tmp_path / place), *settings, *where, "--json")
        assert done.returncode == 0, done.stderr
        assert bool(blocks) == (place == "there"), f"{place}: {len(blocks)} blocks were sent to workers"
        said = json.loads(done.stdout)
        assert bool(said.pop("places", None)) <= (place == "there"), "what each worker did"
        told[place] = _figures(said)
    assert told["here"] == told["there"]
    assert len(told["here"]) > 3


def _figures(said: object, place: str = "") -> dict[str, float]:
    """Every number of a command's JSON by where it stands; how long something took is no result."""
    if isinstance(said, list):
        said = dict(enumerate(said))
    if isinstance(said, dict):
        return {k: v for name, part in said.items() for k, v in _figures(part, f"{place}.{name}").items()}
    return {place: said} if isinstance(said, float | int) and "second" not in place else {}
