"""A store that others use at the same time, and what the environment says of where to record."""

import fcntl
import logging
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient

from tests.builders import new_database
from tests.forked import Forked
from value_personas import load_recipe
from value_personas.experiments.recipe.recipe import TrackingSection
from value_personas.experiments.tracking import Record, client, record_run, tracking_client
from value_personas.experiments.workspace.folders import Workspace
from value_personas.signatures import StoreError


@pytest.fixture
def place(tmp_path: Path) -> Workspace:
    return Workspace.open(tmp_path / "w")


@pytest.mark.parametrize("held", ["lock file", "database"])
def test_a_held_store_is_told_and_then_given_up(
    place: Workspace, held: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with tracking_client(TrackingSection(), place):
        pass
    assert (client._TOLD_AFTER, client._GIVEN_UP_AFTER) == (5.0, 60.0)
    monkeypatch.setattr(client, "_TOLD_AFTER", 0.1)
    monkeypatch.setattr(client, "_GIVEN_UP_AFTER", 0.5)
    file = place.folder / "mlflow.db"
    with Path(f"{file}.lock").open("a") as lock, closing(sqlite3.connect(file)) as other:
        if held == "lock file":
            fcntl.flock(lock, fcntl.LOCK_EX)
        else:
            other.execute("BEGIN IMMEDIATE")
        with (
            caplog.at_level(logging.WARNING),
            pytest.raises(StoreError, match="another process has held it"),
            tracking_client(TrackingSection(), place),
        ):
            pass
        assert caplog.text.count("another process holds it; waiting for up to a minute") == 1
    with tracking_client(TrackingSection(), place) as free:
        assert free.search_experiments()


def test_the_own_store_is_in_wal_mode(place: Workspace) -> None:
    with tracking_client(TrackingSection(), place):
        pass
    with closing(sqlite3.connect(place.folder / "mlflow.db")) as store:
        assert store.execute("PRAGMA journal_mode").fetchone() == ("wal",)


def test_a_disk_that_is_full_when_the_tables_are_made_is_one_line(
    place: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_file: Path) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    monkeypatch.setattr(client, "make_tables", full)
    with (
        pytest.raises(StoreError, match=r"mlflow\.db: .*disk is full$"),
        tracking_client(TrackingSection(), place),
    ):
        pass


def test_the_environment_says_where_a_silent_recipe_is_recorded(
    place: Workspace, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    uri = f"sqlite:///{tmp_path / 'elsewhere.db'}"
    monkeypatch.setenv("MLFLOW_TRACKING_URI", uri)
    monkeypatch.setenv("MLFLOW_EXPERIMENT_NAME", "mine")
    client._say_once.cache_clear()
    with caplog.at_level(logging.WARNING):
        ids = [
            record_run(place, Record(load_recipe(None, settings), "n", {}, {}, tmp_path / "none"))
            for settings in ([], ["tracking.experiment=named"])
        ]
    assert caplog.text.count(f"recorded in {uri}, as MLFLOW_TRACKING_URI says") == 1
    assert caplog.text.count("recorded in the experiment mine, as MLFLOW_EXPERIMENT_NAME says") == 1
    there = MlflowClient(uri)
    experiments = [there.get_experiment(there.get_run(one).info.experiment_id) for one in ids]
    assert [one.name for one in experiments] == ["mine", "named"]
    assert all(one.artifact_location.startswith(place.artifacts.as_uri()) for one in experiments)
    assert not (place.folder / "mlflow.db").exists()
    silent = load_recipe(None, [f"tracking.uri={place.tracking_uri}"])
    record_run(place, Record(silent, "n", {}, {}, tmp_path / "none"))
    assert (place.folder / "mlflow.db").exists()


_RECORDS = """
import sys
from pathlib import Path
from value_personas import load_recipe
from value_personas.experiments.tracking import InputFile, Record, record_run
from value_personas.experiments.workspace.folders import Workspace
place, name = Workspace.open(Path(sys.argv[1])), sys.argv[2]
inputs = tuple(InputFile(key, f"/{key}.sav", "0" * 64) for key in ("survey.path", "program"))
for one in range(3):
    recipe = load_recipe(None, [f"tracking.experiment=round {one}"])
    none = Path(sys.argv[1]) / "none"
    record_run(place, Record(recipe, f"{name} {one}", {"a": 1.0}, {}, none, inputs=inputs))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def uri(request: pytest.FixtureRequest, place: Workspace, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The workspace's own store, or a new one that the environment names."""
    if request.param == "sqlite":
        yield place.tracking_uri
        return
    with new_database() as url:
        monkeypatch.setenv("MLFLOW_TRACKING_URI", url)
        yield url


@pytest.mark.slow
def test_processes_record_at_once(place: Workspace, uri: str) -> None:
    told = place.folder / "told"
    many = 8 if uri == place.tracking_uri else 3  # MLflow takes long to make its tables in PostgreSQL
    started = [Forked(_RECORDS, [str(place.folder), f"process {i}"], told) for i in range(many)]
    assert [process.wait() for process in started] == [0] * many, told.read_text()
    there = MlflowClient(uri)
    every = [one.experiment_id for one in there.search_experiments()]
    runs = there.search_runs(every)
    assert len(runs) == 3 * many
    assert {run.info.status for run in runs} == {"FINISHED"}
    assert {len(run.inputs.dataset_inputs) for run in runs} == {2}
