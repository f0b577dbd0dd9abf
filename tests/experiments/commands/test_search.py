"""A search over the recipe as a person types it."""

import json
from pathlib import Path

from tests.experiments.commands.typed import command


def test_what_is_learnt_step_by_step_has_no_request_files() -> None:
    for typed, what in ((("search", "search"), "a setting of a search"), (("tune",), "a prompt of a tuning")):
        told = command(*typed, "--batch", "there")
        assert told.returncode == 2
        assert told.stderr.startswith(f"value-personas: --batch: {what} is chosen by the answers")
        assert told.stderr.count("\n") == 1


def test_a_search_tells_its_verdict_and_how_to_run_what_it_chose(tmp_path: Path) -> None:
    few = (
        "survey.respondents=150",
        "profiles.n=6",
        'questions.include=["Q1", "Q29"]',
        "search.trials=3",
        "scoring.persona_draws=2",
    )
    few += ("search.space={calibration={temperature={low=1.0, high=8.0, log=true}}}",)
    asked = ("search", "--workspace", str(tmp_path), *(word for one in few for word in ("--set", one)))
    told = command(*asked)
    assert told.returncode == 0, told.stderr
    assert "search · " in told.stdout
    assert "on training countries" in told.stdout
    assert "optuna-dashboard" in told.stdout
    assert "next         value-personas run search" in told.stdout
    again = command(*asked, "--json")
    said = json.loads(again.stdout)
    assert set(said["best"]) <= {"calibration.temperature"}
    assert len(said["held_out"]) > 0
