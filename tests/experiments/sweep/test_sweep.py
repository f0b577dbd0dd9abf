"""Cells side by side on one store: nothing is paid twice, and what is missing is all that is done again."""

import json
import sys
import threading
import time
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from tests.builders import interrupted, interruptible
from tests.experiments.small_runs import DRAWN
from tests.fake_engines import RuleEngine, letters
from tests.fake_server import FakeServer
from tests.forked import Forked
from value_personas import load_recipe, run
from value_personas.experiments.answer_store import AnswerStore
from value_personas.experiments.answer_store.contents import info
from value_personas.experiments.evaluation.measures import not_above_nothing
from value_personas.experiments.fieldwork.rehearsal import Estimate
from value_personas.experiments.progress.reporter import Silent
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.run.stored import run_folders
from value_personas.experiments.sweep import running
from value_personas.experiments.sweep.cells import Cell, sweep_cells
from value_personas.experiments.sweep.family import Options
from value_personas.experiments.sweep.plan import plan
from value_personas.experiments.sweep.records import CellRecord
from value_personas.experiments.sweep.sweep import sweep
from value_personas.signatures import BudgetError, StoreError

GRID = "sweep.grid.profiles.n=[4, 8]"


def recipe(workspace: Path, *settings: str) -> Recipe:
    return load_recipe(None, [f"workspace={workspace}", *DRAWN, *settings])


def served(server: FakeServer) -> tuple[str, ...]:
    """A respondent on a server; descriptors by the embedded model, which is not what is counted."""
    writer = "descriptors.lm.lm=synthetic/respondent"
    return ("respondent.lm=openai/m", f"respondent.base_url={server.url}", writer)


class Watching(Silent):
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.cells: list[tuple[int, int]] = []
        self.wanted = self.settled = 0

    def answered(self, kind: str, n: int, total: int) -> None:
        if kind == "cells":
            self.cells.append((n, total))
        else:
            self.settled += n
            self.wanted = total


def test_cells_are_the_runs_that_would_have_been_made_one_by_one(tmp_path: Path) -> None:
    watching = Watching()
    result = sweep(recipe(tmp_path / "sweep", GRID), Options(jobs=2), watching)
    assert watching.cells == [(0, 2), (1, 2), (1, 2)]
    assert watching.settled == watching.wanted > 0
    for n in (4, 8):
        alone = run(recipe(tmp_path / "alone", f"profiles.n={n}"))
        rows = result.table[result.table["profiles.n"] == n]
        got = rows[list(alone.summary)].reset_index(drop=True)
        expected = pd.concat([alone.summary, alone.nulls], ignore_index=True)
        pd.testing.assert_frame_equal(got, expected, check_dtype=False, rtol=1e-12)
        assert set(alone.nulls["method"]) == {"uniform", "majority", "permuted"}
        worse = not_above_nothing(alone.measures)
        assert worse == [line.split(" (")[0] for line in result.no_better if line.split(" (")[0] in worse]
    kept = pd.read_parquet(result.family.folder / "sweep.parquet")
    assert kept["profiles.n"].tolist() == result.table["profiles.n"].tolist()
    assert set(kept["synthetic"]) == {"respondent and population"}
    cells = run_folders(tmp_path / "sweep" / "runs")
    assert {(cell / "part_of.txt").read_text().strip() for cell in cells} == {result.family.mlflow_run_id}


def test_no_call_is_paid_twice_between_cells(tmp_path: Path) -> None:
    """The cells ask the same of the same personas at the same time."""
    with FakeServer(latency_s=0.002) as server:
        wanted = recipe(tmp_path, *served(server), "sweep.grid.calibration.temperature=[1.5, 2.0, 2.5, 3.0]")
        expected = plan(wanted, sweep_cells(wanted))
        watching = Watching()
        result = sweep(wanted, Options(jobs=4), watching)
        assert not result.family.failed
        assert 0 < server.calls <= expected.total.calls + 1  # the probe is no page of its own
        assert watching.settled == watching.wanted > 3 * server.calls
        with AnswerStore(tmp_path / "answers.db") as store:
            kept = info(store).as_dict()["replies"]
        assert kept - 54 == server.calls  # descriptors are of another model
        paid = server.calls
        known = plan(wanted, sweep_cells(wanted)).total
        assert known.calls == 0
        assert 0.9 * kept < known.stored <= kept  # four cells share each of them
        again = Watching()
        sweep(wanted, Options(jobs=4), again)
        assert again.cells == [(4, 4)]
        assert server.calls == paid


def test_a_cell_that_fails_is_recorded_and_the_rest_go_on(tmp_path: Path) -> None:
    wanted = recipe(tmp_path, 'sweep.grid.profiles.items=[["F063"], ["F999"]]')
    result = sweep(wanted, Options(jobs=2))
    (failed,) = result.family.failed
    assert "no item 'F999'" in str(failed.reason)
    rows = result.table[result.table["reason"].notna()]
    assert rows["method"].isna().all()
    assert result.table["mean"].notna().sum() > 0
    assert json.loads(result.to_json())["failed"] == {failed.label: failed.reason}
    # What failed is tried again; what is done is not.
    watching = Watching()
    tried = sweep(wanted, progress=watching)
    assert watching.cells == [(1, 2), (1, 2)]
    assert [record.failed for record in tried.family.records] == [False, True]


def test_a_cell_that_cannot_be_planned_does_not_keep_the_rest_from_being_approved(tmp_path: Path) -> None:
    seen: list[Estimate] = []
    with FakeServer() as server:
        wanted = recipe(tmp_path, *served(server), 'sweep.grid.profiles.items=[["F999"], ["F063"]]')
        result = sweep(wanted, Options(approve=seen.append))
        assert server.calls > 0
    (failed,) = result.family.failed
    assert "no item 'F999'" in str(failed.reason)
    assert seen[0].calls > 0


def test_a_fault_of_ours_in_one_cell_is_that_cells_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from value_personas.experiments.sweep import running

    whole = running.predict_and_judge

    def faulty(recipe, *rest):
        if recipe.profiles.n == 4:
            raise ZeroDivisionError("division\nby zero")
        return whole(recipe, *rest)

    monkeypatch.setattr(running, "predict_and_judge", faulty)
    result = sweep(recipe(tmp_path, GRID), Options(jobs=2))
    (failed,) = result.family.failed
    assert failed.reason == "unexpected ZeroDivisionError in faulty: division by zero"


def test_a_cap_holds_for_all_cells_together(tmp_path: Path) -> None:
    with FakeServer() as server:
        wanted = recipe(tmp_path, *served(server), GRID, "respondent.max_calls=100")
        result = sweep(wanted, Options(jobs=2))
        assert server.calls <= 100
        assert any("max_calls = 100 is reached" in str(record.reason) for record in result.family.failed)


def test_nothing_is_asked_before_it_is_approved(tmp_path: Path) -> None:
    seen: list[Estimate] = []

    def refuse(estimate: Estimate) -> None:
        seen.append(estimate)
        raise BudgetError("too much")

    with FakeServer() as server:
        wanted = recipe(tmp_path, *served(server), GRID)
        with pytest.raises(BudgetError, match="too much"):
            sweep(wanted, Options(jobs=2, approve=refuse))
        assert server.calls == 0
        assert seen[0].calls == plan(wanted, sweep_cells(wanted)).total.calls > 0


def test_parent_and_children_are_in_mlflow_and_a_second_session_adds_to_them(tmp_path: Path) -> None:
    wanted = recipe(tmp_path, GRID)
    first = sweep(wanted)
    (tmp_path / "sweeps" / "quickstart" / "cells" / f"{first.family.records[0].key}.json").unlink()
    second = sweep(wanted)
    assert second.family.mlflow_run_id == first.family.mlflow_run_id
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    experiment = client.get_experiment_by_name("quickstart")
    runs = client.search_runs([experiment.experiment_id])
    parents = [r for r in runs if r.data.tags.get("kind") == "sweep"]
    children = [r for r in runs if r.data.tags.get("mlflow.parentRunId") == first.family.mlflow_run_id]
    assert [r.info.run_id for r in parents] == [first.family.mlflow_run_id]
    assert len(children) == 3  # two cells, one of them run again
    assert {c.data.params["profiles.n"] for c in children} == {"4", "8"}
    names = {c.info.run_name.rpartition(" · ")[0] for c in children}
    assert names == {"quickstart · profiles.n=4", "quickstart · profiles.n=8"}


DRIVER = """
import sys
from value_personas import load_recipe
from value_personas.experiments.sweep.sweep import sweep
from value_personas.experiments.sweep import running
from value_personas.experiments.sweep.cells import Cell
from value_personas.experiments.sweep.family import Options
sweep(load_recipe(None, sys.argv[1:]), Options(jobs=2))
"""


def test_an_interrupt_does_not_wait_for_a_cell_that_is_scoring(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    scoring, released = threading.Event(), threading.Event()

    def run_cell(runner: running.Runner, cell: Cell) -> CellRecord:
        if "8" in cell.label:
            scoring.set()
            released.wait(60)
        return CellRecord(key=cell.key, label=cell.label, settings={}, reason="none", seconds=0.0)

    class Interrupting(Watching):
        def answered(self, kind: str, n: int, total: int) -> None:
            if n:
                scoring.wait(60)
                raise KeyboardInterrupt

    monkeypatch.setattr(running.Runner, "run", run_cell)
    timer = threading.Timer(30, released.set)  # else a fault here would wait for ever
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        sweep(recipe(tmp_path, GRID), Options(2), Interrupting())
    assert not released.is_set()
    timer.cancel()
    released.set()


def test_a_tracking_server_that_fails_costs_no_cell_its_tables(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object, **__: object) -> str:
        raise StoreError("MLflow store http://h: is down")

    with monkeypatch.context() as patched:
        patched.setattr("value_personas.experiments.run.writing.record_run", fail)
        failed = sweep(recipe(tmp_path, GRID))
    assert [record.reason for record in failed.family.failed] == ["MLflow store http://h: is down"] * 2
    kept = list((tmp_path / "runs").iterdir())
    assert len(kept) == 2
    assert all((folder / "result.json").is_file() for folder in kept)
    assert not sweep(recipe(tmp_path, GRID)).family.failed


@pytest.mark.slow
def test_two_at_once_pay_nothing_twice(tmp_path: Path) -> None:
    engine = RuleEngine(letters)
    with FakeServer(engine=engine, latency_s=0.02) as server:
        given = [f"workspace={tmp_path / 'shared'}", *DRAWN, GRID, *served(server)]
        expected = plan(wanted := load_recipe(None, given), sweep_cells(wanted)).total.calls
        told = tmp_path / "told"
        both = [Forked(DRIVER, given, told) for _ in "ab"]
        assert [process.wait() for process in both] == [0, 0], told.read_text()
        asked = [(r.system, r.messages[-1].text, r.config.logprobs) for r in engine.requests]
        assert len(set(asked)) == len(asked) == server.calls
        assert server.calls == expected - 54  # descriptors are of another model
    assert not list(tmp_path.rglob("*partial*"))


@pytest.mark.slow
def test_killed_at_any_moment_a_sweep_finishes_what_is_missing(tmp_path: Path) -> None:
    settings = (*DRAWN, "sweep.grid.profiles.n=[4, 8, 12, 16]")
    with FakeServer(latency_s=0.01) as server:
        asked = (f"workspace={tmp_path / 'killed'}", *settings, *served(server))
        for pause in (0.0, 0.3, 0.6):
            process = Forked(DRIVER, asked)
            before = server.calls
            while process.poll() is None and server.calls == before:
                time.sleep(0.01)
            time.sleep(pause)
            process.kill()
        finished = sweep(load_recipe(None, asked), Options(jobs=2))
        killed = server.calls
    assert not finished.family.failed
    with FakeServer() as server:
        unbroken = sweep(
            load_recipe(None, [f"workspace={tmp_path / 'whole'}", *settings, *served(server)]),
            Options(jobs=2),
        )
        in_flight = 3 * 2 * 16  # each of the two cells at once has its own places
        assert killed <= server.calls + in_flight
    kept = ["label", "method", "score", "mean", "lower", "upper", "floor"]
    pd.testing.assert_frame_equal(finished.table[kept], unbroken.table[kept], check_exact=True)


@pytest.mark.slow
def test_an_interrupt_ends_a_sweep(tmp_path: Path) -> None:
    with FakeServer(latency_s=0.2) as server:
        settings = (f"workspace={tmp_path}", *DRAWN, "sweep.grid.profiles.n=[40, 80]", *served(server))
        command = [sys.executable, "-m", "value_personas.experiments.cli", "sweep", "quickstart", "--yes"]
        process = interruptible([*command, *(word for one in settings for word in ("--set", one))])
        while process.poll() is None and server.calls < 20:
            time.sleep(0.02)
        assert process.poll() is None
        _, said = interrupted(process)
        assert process.returncode == 130
        assert "what was answered is stored" in said
        assert "Traceback" not in said
