"""The tables of a new workspace are MLflow's own."""

import re
import sqlite3
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

import pytest
import sqlalchemy as sa
from mlflow.store.db.utils import _initialize_tables

from value_personas.experiments.recipe.recipe import TrackingSection
from value_personas.experiments.tracking import tables
from value_personas.experiments.tracking.client import tracking_client
from value_personas.experiments.workspace.folders import Workspace

pytestmark = pytest.mark.filterwarnings("ignore::sqlalchemy.exc.SADeprecationWarning")


def dumped(file: Path) -> list[list[str]]:
    """What makes the tables, in whatever order they and their constraints come: it is another every time."""
    with closing(sqlite3.connect(file)) as store:
        return sorted(sorted(re.split(r",\s*", said.rstrip(");"))) for said in store.iterdump())


def test_they_are_as_mlflow_makes_them(tmp_path: Path) -> None:
    if not Path(tables.__file__).with_name(f"mlflow-{version('mlflow')}.sql").is_file():
        pytest.skip("another MLflow than the one whose tables are written down: it makes them itself")
    tables.make_tables(tmp_path / "ours.db")
    engine = sa.create_engine(f"sqlite:///{tmp_path / 'own.db'}")
    _initialize_tables(engine)
    engine.dispose()
    assert dumped(tmp_path / "ours.db") == dumped(tmp_path / "own.db")
    assert len(dumped(tmp_path / "own.db")) > 100


@pytest.mark.parametrize("known", [True, False])
def test_a_new_workspace_opens_with_them_and_without(
    tmp_path: Path, known: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not known:
        monkeypatch.setattr(tables, "version", lambda name: "0.0")
    place = Workspace.open(tmp_path)
    with tracking_client(TrackingSection(), place) as client:
        assert [one.name for one in client.search_experiments()] == ["Default"]
    assert not list(tmp_path.glob("*partial*"))
