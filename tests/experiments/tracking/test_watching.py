"""A run is in MLflow while it goes on, and says there how it ended."""

from pathlib import Path

import pytest
from mlflow import MlflowClient
from mlflow.entities import Run

from tests.experiments.small_runs import SMALL
from value_personas import load_recipe, run
from value_personas.experiments.audit import run_audit
from value_personas.experiments.progress.reporter import Silent
from value_personas.experiments.sweep.family import Options
from value_personas.experiments.sweep.sweep import sweep
from value_personas.experiments.tracking import watching
from value_personas.experiments.workspace.folders import Workspace
from value_personas.signatures import StatisticsError, StoreError


class Ends(Silent):
    """Ends a run when it comes to a stage."""

    def __init__(self, stage: str, ending: BaseException) -> None:
        self._stage, self._ending = stage, ending

    def stage(self, text: str) -> None:
        if text.startswith(self._stage):
            raise self._ending


class Counts(Silent):
    """Ends a study when something was answered, and its run in MLflow had a moment to begin."""

    def __init__(self, ending: BaseException) -> None:
        self._ending = ending
        self._seen = 0

    def answered(self, kind: str, n: int, total: int) -> None:
        self._seen += 1
        if self._seen == 2:
            raise self._ending


def recorded(workspace: Path) -> list[Run]:
    place = Workspace(workspace)
    if not (workspace / "mlflow.db").is_file():
        return []
    client = MlflowClient(place.tracking_uri)
    return list(client.search_runs([one.experiment_id for one in client.search_experiments()]))


def settings(workspace: Path) -> list[str]:
    return [f"workspace={workspace}", *SMALL]


def test_a_run_is_begun_before_it_ends_and_shows_how_far_it_is(tmp_path: Path) -> None:
    result = run(load_recipe("quickstart", settings(tmp_path)), progress=False)
    [kept] = recorded(tmp_path)
    assert (kept.info.run_id, kept.info.status) == (result.mlflow_run_id, "FINISHED")
    assert kept.data.metrics["progress.values-hedged"] == 1
    assert kept.data.metrics["progress.country"] == 1
    assert kept.data.metrics["progress.answers"] >= 2 * 2 * 8 * 6
    assert kept.info.end_time - kept.info.start_time > 100
    assert kept.data.tags["run.folder"] == result.folder.name
    assert kept.info.run_name.startswith("quickstart · synthetic/respondent · 8 countries × 2 questions")


@pytest.mark.parametrize(
    ("ending", "status"), [(KeyboardInterrupt(), "KILLED"), (StatisticsError("no"), "FAILED")]
)
def test_a_run_that_does_not_come_to_its_end_says_so(
    tmp_path: Path, ending: BaseException, status: str
) -> None:
    with pytest.raises(type(ending)):
        run(load_recipe("quickstart", settings(tmp_path)), progress=Ends("scoring", ending))
    [kept] = recorded(tmp_path)
    assert kept.info.status == status
    assert kept.data.metrics["progress.country"] == 1
    again = run(load_recipe("quickstart", settings(tmp_path)), progress=False)
    assert {one.info.run_id: one.info.status for one in recorded(tmp_path)} == {
        kept.info.run_id: status,
        again.mlflow_run_id: "FINISHED",
    }


def test_what_was_never_asked_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(StatisticsError):
        run(load_recipe("quickstart", settings(tmp_path)), progress=Ends("asking", StatisticsError("no")))
    assert recorded(tmp_path) == []


def test_a_store_that_fails_on_the_way_does_not_end_the_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> str:
        raise StoreError("not now")

    with monkeypatch.context() as patched:
        patched.setattr(watching, "open_run", fail)
        result = run(load_recipe("quickstart", settings(tmp_path)), progress=False)
    [kept] = recorded(tmp_path)
    assert (kept.info.run_id, kept.info.status) == (result.mlflow_run_id, "FINISHED")
    assert "progress.answers" not in kept.data.metrics


def test_an_audit_is_one_run_with_its_progress_and_a_broken_one_says_so(tmp_path: Path) -> None:
    recipe = load_recipe("quickstart", settings(tmp_path))
    with pytest.raises(StatisticsError):
        run_audit(recipe, progress=Counts(StatisticsError("no")))
    [broken] = recorded(tmp_path)
    assert (broken.info.status, broken.data.tags["kind"]) == ("FAILED", "audit")
    run_audit(recipe, progress=False)
    [whole] = [one for one in recorded(tmp_path) if one.info.run_id != broken.info.run_id]
    assert whole.info.status == "FINISHED"
    assert whole.data.metrics["progress.hedged"] == 1
    assert whole.data.metrics["hedged.recovery_error"] >= 0


def test_a_sweep_that_is_broken_off_says_so_and_goes_on_as_the_same_run(tmp_path: Path) -> None:
    recipe = load_recipe("quickstart", [*settings(tmp_path), "sweep.grid.seed=[0, 1]"])

    def refuse(*_: object) -> None:
        raise StatisticsError("too dear")

    with pytest.raises(StatisticsError):
        sweep(recipe, Options(approve=refuse), progress=False)
    [broken] = recorded(tmp_path)
    assert (broken.info.status, broken.data.tags["kind"]) == ("FAILED", "sweep")
    seen: list[str] = []

    class Looks(Silent):
        def answered(self, kind: str, n: int, total: int) -> None:
            if kind == "cells" and not seen:
                [parent] = [one for one in recorded(tmp_path) if one.data.tags["kind"] == "sweep"]
                seen.append(parent.info.status)

    done = sweep(recipe, progress=Looks())
    assert seen == ["RUNNING"]
    assert done.family.mlflow_run_id == broken.info.run_id
    statuses = {one.info.run_id: one.info.status for one in recorded(tmp_path)}
    assert len(statuses) == 3
    assert set(statuses.values()) == {"FINISHED"}
    [parent] = [one for one in recorded(tmp_path) if one.data.tags["kind"] == "sweep"]
    assert parent.data.metrics["progress.cells"] == 1
    assert parent.data.metrics["progress.answers"] >= 2 * 2 * 2 * 8 * 6


def test_a_store_that_is_no_database_is_told_before_anything_is_asked(tmp_path: Path) -> None:
    (tmp_path / "mlflow.db").write_bytes(b"no database at all" * 100)
    with pytest.raises(StoreError, match="not a database; restore a copy"):
        run(load_recipe("quickstart", settings(tmp_path)), progress=False)
    assert not (tmp_path / "answers.db").exists()
