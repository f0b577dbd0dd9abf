"""A run killed at any moment loses nothing that was stored, and ends with the digits of an unbroken one."""

import random
import sqlite3
import time
from pathlib import Path

import pandas as pd
import pytest

from tests.forked import Forked
from value_personas import RunResult, load_recipe, run
from value_personas.experiments.benchmarks import bench_faults

SETTINGS = (
    "survey.respondents=200",
    "profiles.n=60",
    'questions.include=["Q29", "Q49", "Q61", "Q106", "Q171", "Q185"]',
    'personas=["country", "values-hedged"]',
    "scoring.draws=200",
    "scoring.floor_draws=20",
)

DRIVER = "import sys; from value_personas import load_recipe, run; run(load_recipe(None, sys.argv[1:]))"


def finish(workspace: Path) -> RunResult:
    return run(load_recipe(None, [f"workspace={workspace}", *SETTINGS]))


def start(workspace: Path) -> Forked:
    return Forked(DRIVER, [f"workspace={workspace}", *SETTINGS])


def stored(workspace: Path) -> set[bytes]:
    """Keys in the store; none while it does not exist yet."""
    if not (workspace / "answers.db").is_file():
        return set()
    with sqlite3.connect(workspace / "answers.db") as store:
        if not store.execute("select 1 from sqlite_master where name = 'replies'").fetchone():
            return set()
        return {key for (key,) in store.execute("select key from replies")}


def kill_while_asking(workspace: Path, already: int, luck: random.Random) -> None:
    """SIGKILL a run at a random moment after its first new answers, or during its start."""
    process = start(workspace)
    if luck.random() < 0.8:  # most often while it asks, sometimes before it gets there
        while process.poll() is None and len(stored(workspace)) <= already:
            time.sleep(0.02)
    time.sleep(luck.uniform(0.0, 0.25))
    process.kill()


@pytest.mark.slow
def test_twenty_kills_lose_nothing_and_change_no_digit(tmp_path: Path) -> None:
    unbroken = finish(tmp_path / "unbroken")
    luck, workspace, kept = random.Random(7), tmp_path / "killed", set[bytes]()
    grew = 0
    for _ in range(20):
        kill_while_asking(workspace, len(kept), luck)
        now = stored(workspace)
        assert kept <= now
        grew += len(now) > len(kept)
        kept = now
    assert grew >= 3  # some kills fell into the asking, or the test proves nothing

    result = finish(workspace)
    every = stored(workspace)
    assert kept <= every
    assert every == stored(tmp_path / "unbroken")
    assert result.usage["calls"] == len(every) - len(kept)
    pd.testing.assert_frame_equal(result.scores, unbroken.scores, check_exact=True)
    pd.testing.assert_frame_equal(result.estimates, unbroken.estimates, check_exact=True)


@pytest.mark.slow
def test_a_kill_costs_no_more_calls_of_a_server_than_may_be_in_flight(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def start(workspace: Path, url: str) -> Forked:
        where = [f"workspace={workspace}", f"respondent.base_url={url}"]
        return Forked(DRIVER, [*where, *bench_faults.SETTINGS])

    monkeypatch.setattr(bench_faults, "start", start)
    assert bench_faults.survives(kills=8, latency_s=0.004)
    assert "digits equal" in capsys.readouterr().out
