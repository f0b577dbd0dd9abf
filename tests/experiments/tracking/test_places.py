"""Files of a run lie in its workspace, whatever its experiment is called and wherever the workspace went."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient

from value_personas import load_recipe
from value_personas.experiments.recipe.recipe import TrackingSection
from value_personas.experiments.tracking import (
    Record,
    close_run,
    open_run,
    record_run,
    register_version,
    registered_file,
    tracking_client,
)
from value_personas.experiments.tracking.places import files_of_experiment, lies_in
from value_personas.experiments.workspace.folders import Workspace
from value_personas.signatures import StoreError


@pytest.fixture
def files(tmp_path: Path) -> Path:
    (tmp_path / "files").mkdir()
    (tmp_path / "files" / "table.csv").write_text("a\n1\n")
    return tmp_path / "files"


@pytest.mark.parametrize("name", ["../../x", "/abs/olute", "..", "a\\..\\b", "x" * 300, "C:x", ".", "a/b"])
def test_no_name_leads_out_of_the_workspace(tmp_path: Path, files: Path, name: str) -> None:
    place = Workspace.open(tmp_path / "deep" / "w")
    recipe = load_recipe(None).model_copy(update={"tracking": TrackingSection(experiment=name)})
    run_id = record_run(place, Record(recipe, "n", {}, {}, files))
    [kept] = (path for path in tmp_path.rglob("table.csv") if path.parent != files)
    assert kept.is_relative_to(place.artifacts)
    assert len(kept.relative_to(place.artifacts).parts) == 4
    client = MlflowClient(place.tracking_uri)
    assert client.get_experiment(client.get_run(run_id).info.experiment_id).name == name


def test_names_that_differ_have_folders_that_differ(tmp_path: Path) -> None:
    names = ["a/b", "a\\b", "a b", "../a/b", "a-b", "…", "--"]
    assert len({files_of_experiment(tmp_path, name) for name in names}) == len(names)
    assert files_of_experiment(tmp_path, "grün + 1") == tmp_path / "grün + 1"


@pytest.mark.parametrize(
    ("place", "inside"),
    [
        ("/w/artifacts/a/1", True),
        ("file:///w/artifacts/a%20b", True),
        ("/w/artifacts/../x", False),
        ("file:///w/artifacts/../../x", False),
        ("file:///w/artifacts/%2e%2e/x", False),
        ("file:///etc", False),
        ("./mlruns/0", False),
        ("mlflow-artifacts:/1", False),
        ("s3://bucket/w/artifacts/a", False),
    ],
)
def test_what_lies_in_the_workspace(place: str, inside: bool) -> None:
    assert lies_in(place, Path("/w/artifacts")) is inside


def test_a_moved_workspace_keeps_its_files_where_it_lies_now(tmp_path: Path, files: Path) -> None:
    old, recipe = Workspace.open(tmp_path / "old place"), load_recipe(None)
    first = record_run(old, Record(recipe, "first", {}, {}, files))
    with tracking_client(TrackingSection(), old) as client:
        name = register_version(client, "m", first, {}, "")
    old.folder.rename(tmp_path / "new")
    place = Workspace.open(tmp_path / "new")
    second = record_run(place, Record(recipe, "second", {}, {}, files))
    assert not old.folder.exists()
    client = MlflowClient(place.tracking_uri)
    for run_id in (first, second):
        assert client.get_run(run_id).info.artifact_uri.startswith(place.artifacts.as_uri())
        assert [file.path for file in client.list_artifacts(run_id)] == ["table.csv"]
    found = registered_file(TrackingSection(), place, "program", name, "table.csv")
    assert found.is_relative_to(place.folder)


def test_a_store_leads_nowhere_else(tmp_path: Path, files: Path) -> None:
    place, recipe = Workspace.open(tmp_path / "w"), load_recipe(None)
    record = Record(recipe, "n", {}, {}, files)
    run_id = open_run(place, record)
    outside = (tmp_path / "outside").as_uri()
    with closing(sqlite3.connect(place.folder / "mlflow.db")) as store:
        store.execute("update experiments set artifact_location = ?", (outside,))
        store.execute("update runs set artifact_uri = ?", ("file:///nowhere/else",))
        store.commit()
    with pytest.raises(StoreError, match="outside the workspace"):
        close_run(place, record, run_id)
    record_run(place, record)
    assert not (tmp_path / "outside").exists()
