"""What is kept of a cell, and what is believed of a file that somebody else may have written."""

import json
import shutil
from pathlib import Path

import pytest

from tests.experiments.small_runs import damaged_copy
from value_personas import RunResult
from value_personas.experiments.sweep.cells import Cell, sweep_cells
from value_personas.experiments.sweep.family import Family
from value_personas.experiments.sweep.records import CellRecord, Ledger
from value_personas.experiments.sweep.sweep import sweep_table
from value_personas.experiments.workspace.folders import Workspace


@pytest.fixture
def cell(finished: RunResult) -> Cell:
    raw = finished.recipe.model_dump() | {"sweep": {"grid": {"seed": [0]}}}
    return sweep_cells(type(finished.recipe).model_validate(raw))[0]


def record_of(cell: Cell, run: str) -> CellRecord:
    return CellRecord(
        key=cell.key, label=cell.label, settings=cell.settings, run=run, mlflow_run_id="an id", seconds=1.0
    )


def test_a_cell_with_a_whole_run_is_done(finished: RunResult, cell: Cell, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, finished.folder.parent)
    assert ledger.done(cell) is None
    ledger.enter(record_of(cell, finished.folder.name))
    assert ledger.done(cell) == record_of(cell, finished.folder.name)
    assert [path.suffix for path in (tmp_path / "cells").iterdir()] == [".json"]


@pytest.mark.parametrize("run", ["../{}", "{}/../{}", "./{}", "/", "", "..", "a\0b", 3, None, ["{}"]])
def test_a_run_is_a_folders_name_and_never_a_way_to_one(
    finished: RunResult, cell: Cell, tmp_path: Path, run: object
) -> None:
    runs = tmp_path / "runs"
    shutil.copytree(finished.folder, tmp_path / finished.folder.name)
    shutil.copytree(finished.folder, runs / finished.folder.name)
    ledger = Ledger(tmp_path, runs)
    ledger.enter(record_of(cell, finished.folder.name))
    (path,) = (tmp_path / "cells").iterdir()
    kept = json.loads(path.read_text())
    kept["run"] = run.replace("{}", finished.folder.name) if isinstance(run, str) else run
    path.write_text(json.dumps(kept))
    assert ledger.done(cell) is None


@pytest.mark.parametrize("content", ["", "[]", "{}", "null", "[" * 100_000, '{"run": '])
def test_a_damaged_record_is_none(finished: RunResult, cell: Cell, tmp_path: Path, content: str) -> None:
    ledger = Ledger(tmp_path, finished.folder.parent)
    (tmp_path / "cells" / f"{cell.key}.json").write_text(content)
    assert ledger.done(cell) is None


@pytest.mark.parametrize("file", ["result.json", "summary.parquet", "recipe.json", "scores.parquet"])
def test_a_cell_whose_run_is_damaged_is_done_again(
    finished: RunResult, cell: Cell, tmp_path: Path, file: str
) -> None:
    copy = damaged_copy(finished, tmp_path, file, "{")
    ledger = Ledger(tmp_path, tmp_path)
    ledger.enter(record_of(cell, copy.name))
    assert ledger.done(cell) is None


def test_what_a_cell_is_called_comes_from_the_recipe(finished: RunResult, cell: Cell, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, finished.folder.parent)
    true = record_of(cell, finished.folder.name)
    forged = true.model_copy(update={"key": "../../x", "label": "\x1b[31m", "settings": {"label": {}}})
    (tmp_path / "cells" / f"{cell.key}.json").write_text(forged.model_dump_json())
    assert ledger.done(cell) == true


def test_a_record_by_the_first_version_is_read(finished: RunResult, cell: Cell, tmp_path: Path) -> None:
    ledger = Ledger(tmp_path, finished.folder.parent)
    said = {
        "key": cell.key, "label": cell.label, "settings": dict(cell.settings), "run": finished.folder.name,
        "mlflow_run_id": "an id", "reason": None, "seconds": 1.0,
    }  # fmt: skip
    (tmp_path / "cells" / f"{cell.key}.json").write_text(json.dumps(said, default=str, indent=1) + "\n")
    assert ledger.done(cell) == record_of(cell, finished.folder.name)


@pytest.mark.parametrize(
    "values",
    [[1, 2.5], [1, "a"], [True, 2], [["A"], "all"], [{"a": [1]}, None], [2**70, 1], ["", None]],
    ids=str,
)
def test_values_of_any_kinds_are_one_column_of_a_parquet_file(
    finished: RunResult, tmp_path: Path, values: list[object]
) -> None:
    workspace = Workspace.open(finished.recipe.workspace)
    records = tuple(
        CellRecord(
            key=f"k{n}",
            label=f"l{n}",
            settings={"some.key": value},
            run=finished.folder.name,
            mlflow_run_id="an id",
            seconds=1.0,
        )
        for n, value in enumerate(values)
    )
    table = sweep_table(Family(finished.recipe, "sweep", workspace, tmp_path, records, "an id"))
    table.to_parquet(tmp_path / "sweep.parquet", index=False)
    assert table["label"].nunique() == len(values)
