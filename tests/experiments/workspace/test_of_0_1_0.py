"""A workspace that 0.1.0 wrote goes on: the same keys and digits, and nothing is asked or fitted twice.

So it is where the embedded respondent is given the faults that it had then, and no others. But for pages of
nine options and more, whose letters have left out I since: they are asked once more.
"""

import json
import sqlite3
import tarfile
from contextlib import closing
from pathlib import Path
from typing import Any

import optuna
import pandas as pd
import pytest

from tests.experiments.commands.typed import call
from tests.experiments.small_runs import AS_IN_0_1_0, as_in_0_1_0
from value_personas.experiments.recipe.loading import load_recipe
from value_personas.experiments.recipe.recipe import TrackingSection
from value_personas.experiments.report import read_material
from value_personas.experiments.tracking import tracking_client
from value_personas.experiments.workspace.folders import Workspace

PACKED = Path(__file__).parents[2] / "fixtures" / "workspace-0.1.0.tar.xz"
MADE_IN = "file:///tmp/value-personas-0.1.0"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The workspace and its recipes, unpacked; MLflow keeps the whole address of where files lie."""
    folder = tmp_path_factory.mktemp("old")
    with tarfile.open(PACKED) as packed:
        packed.extractall(folder, filter="data")
    moved = MADE_IN, folder.as_uri()
    with closing(sqlite3.connect(folder / "ws" / "mlflow.db")) as store, store:
        store.execute("UPDATE experiments SET artifact_location = replace(artifact_location, ?, ?)", moved)
        store.execute("UPDATE runs SET artifact_uri = replace(artifact_uri, ?, ?)", moved)
    for recipe in folder.glob("ws/runs/*/recipe.json"):
        as_in_0_1_0(recipe)
    return folder


@pytest.fixture
def typed(place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    """A command on the old workspace, and the JSON object that it prints."""

    def command(*words: str) -> Any:
        monkeypatch.chdir(place)
        settings = list(AS_IN_0_1_0) if words[0] != "rerun" else []
        settings += ["tuning.proposer.parameters.listening=0"] if words[0] == "tune" else []
        as_then = [part for one in settings for part in ("--set", one)]
        assert call(monkeypatch, *words, *as_then, "--workspace", str(place / "ws"), "--json") == 0
        return json.loads(capsys.readouterr().out)

    return command


def keys(place: Path) -> set[bytes]:
    with closing(sqlite3.connect(place / "ws" / "answers.db")) as store:
        return {key for (key,) in store.execute("SELECT key FROM replies")}


def newest(place: Path, name: str) -> Path:
    return sorted((place / "ws" / "runs").glob(f"{name}-2*"))[-1]


def test_a_run_asks_new_letters_alone_and_comes_to_the_same_digits(place: Path, typed: Any) -> None:
    then, stored = newest(place, "old"), keys(place)
    result = typed("run", "old.toml")
    assert result["usage"]["calls"] == 96 * 4  # personas × the value items of ten options
    assert len(keys(place) - stored) == 96 * 4
    assert typed("run", "old.toml")["usage"]["calls"] == 0
    for table in ("estimates", "scores", "map"):  # means are over common cells since, with other intervals
        was = pd.read_parquet(then / f"{table}.parquet")
        now = pd.read_parquet(newest(place, "old") / f"{table}.parquet")[list(was)]
        floors = [column for column in was if column.startswith("floor_")]  # drawn in another way since
        alike = {"check_exact": True, "obj": table}
        pd.testing.assert_frame_equal(now.drop(columns=floors), was.drop(columns=floors), **alike)
        pd.testing.assert_series_equal(now[floors].mean(), was[floors].mean(), rtol=0.08)  # of few draws


def test_its_run_is_done_again_from_its_record_and_read_for_a_report(place: Path, typed: Any) -> None:
    then = sorted((place / "ws" / "runs").glob("old-2*"))[0]
    again = typed("rerun", str(then))
    assert again["agrees"]
    assert again["calls"] == 0
    told = read_material(then, place / "ws")
    assert told.run.title == "old · 8 countries × 3 questions · synthetic respondent and population"


def test_the_search_goes_on_from_its_trials(place: Path, typed: Any) -> None:
    storage = optuna.storages.JournalStorage(
        optuna.storages.journal.JournalFileBackend(str(place / "ws" / "optuna.journal"))
    )
    (study,) = storage.get_all_studies()
    before = [trial.params for trial in storage.get_all_trials(study._study_id)]
    same = typed("calibrate", "old.toml", "--set", "calibration.search.trials=6")
    assert same["record"]["study"] == study.study_name
    assert same["record"]["trials"] == 6
    typed("calibrate", "old.toml", "--set", "calibration.search.trials=8")
    after = [trial.params for trial in storage.get_all_trials(study._study_id)]
    assert len(storage.get_all_studies()) == 1
    assert len(before) == 6
    assert after[:6] == before
    assert len(after) == 8


def test_a_tuning_goes_on_within_its_budget_to_what_0_1_0_found(place: Path, typed: Any) -> None:
    more = typed("tune", "tune.toml", "--set", "tuning.budget_calls=600")
    assert (more["calls"], more["paid"]) == (428, 202 + 24)  # 24 pages of ten options once more
    expected = pd.read_csv(place / "tuning_summary_600.csv")
    expected = expected.filter(regex="^(?!.*(lower|upper))")  # intervals are of another kind since
    now = pd.DataFrame(more["summary"])[list(expected)]
    pd.testing.assert_frame_equal(now, expected, atol=0.02)  # a reward is counted from the floor


def test_its_tracked_runs_are_there(place: Path) -> None:
    with tracking_client(TrackingSection(), Workspace(place / "ws")) as client:
        of_run = client.get_run("e7d34bad53624279bd070bee0c51ef02")
        assert of_run.data.metrics
        assert of_run.data.params["profiles.n"] == "2"
        assert any(file.path == "result.json" for file in client.list_artifacts(of_run.info.run_id))
        assert client.get_registered_model("old-tune-program").name == "old-tune-program"


def test_recipes_of_0_1_0_load(place: Path) -> None:
    recipes = sorted((place / "recipes").glob("*.toml"))
    assert len(recipes) == 7
    for recipe in recipes:
        assert load_recipe(recipe).name
