"""Files come to a run that is there already, whichever store has it."""

import sqlite3
import sys
from contextlib import closing
from pathlib import Path

import pytest
from mlflow import MlflowClient

from value_personas import load_recipe
from value_personas.experiments.tracking import Record, add_files, record_run
from value_personas.experiments.workspace.folders import Workspace
from value_personas.signatures import StoreError

ABSENT = "0" * 32


@pytest.fixture
def page(tmp_path: Path) -> Path:
    file = tmp_path / "report.html"
    file.write_text("<p>")
    return file


@pytest.mark.parametrize("own", [True, False], ids=["the workspace's own store", "another store"])
def test_files_are_added_to_a_run_that_is_there(tmp_path: Path, page: Path, own: bool) -> None:
    place = Workspace.open(tmp_path / "w")
    uri = place.tracking_uri if own else f"sqlite:///{tmp_path / 'other.db'}"
    recipe = load_recipe(None, [f"tracking.uri={uri}"])
    assert not add_files(recipe.tracking, place, ABSENT, {page: "report"})
    run_id = record_run(place, Record(recipe, "n", {}, {}, tmp_path / "none"))
    assert not add_files(recipe.tracking, place, ABSENT, {page: "report"})
    assert add_files(recipe.tracking, place, run_id, {page: "report/figures"})
    page.write_text("<p>again")
    assert add_files(recipe.tracking, place, run_id, {page: "report/figures", Path(__file__): ""})
    client = MlflowClient(uri)
    assert [file.path for file in client.list_artifacts(run_id, "report/figures")] == [
        "report/figures/report.html"
    ]
    kept = client.download_artifacts(run_id, "report/figures/report.html", str(tmp_path))
    assert Path(kept).read_text() == "<p>again"
    assert Path(client.download_artifacts(run_id, Path(__file__).name, str(tmp_path))).is_file()
    assert client.get_run(run_id).info.status == "FINISHED"


def test_the_own_store_needs_no_mlflow(tmp_path: Path, page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place, recipe = Workspace.open(tmp_path / "w"), load_recipe(None)
    run_id = record_run(place, Record(recipe, "n", {}, {}, tmp_path / "none"))
    for name in [name for name in sys.modules if name.partition(".")[0] in ("mlflow", "sqlalchemy")]:
        monkeypatch.setitem(sys.modules, name, None)  # importing it fails
    assert add_files(recipe.tracking, place, run_id, {page: "report"})


@pytest.mark.parametrize(
    ("harm", "said"), [("no database", "file is not a database"), ("no tables", "no such table: runs")]
)
def test_a_damaged_store_is_told_in_one_line(tmp_path: Path, page: Path, harm: str, said: str) -> None:
    place, recipe = Workspace.open(tmp_path / "w"), load_recipe(None)
    store = place.folder / "mlflow.db"
    if harm == "no database":
        store.write_text("x" * 4096)
    else:
        with closing(sqlite3.connect(store)) as opened:
            opened.execute("create table other (a)")
    with pytest.raises(StoreError, match=said) as told:
        add_files(recipe.tracking, place, ABSENT, {page: "report"})
    assert str(told.value).startswith(f"MLflow store {place.tracking_uri}: ")
