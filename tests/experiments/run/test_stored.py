"""A run read back is the run."""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from tests.experiments.small_runs import damaged_copy
from value_personas import RunResult
from value_personas.experiments.run.stored import find_run, read_run
from value_personas.experiments.workspace.folders import mark_part
from value_personas.experiments.workspace.json_file import write_json
from value_personas.signatures import StoreError


def test_everything_comes_back(finished: RunResult) -> None:
    again = read_run(finished.folder)
    for name in ("estimates", "scores", "summary"):
        pd.testing.assert_frame_equal(getattr(again, name), getattr(finished, name), check_dtype=False)
    pd.testing.assert_series_equal(again.floor, finished.floor)
    for name in ("recipe", "missing", "usage", "notes", "synthetic", "leaks", "mlflow_run_id", "title"):
        assert getattr(again, name) == getattr(finished, name), name


def test_every_part_of_the_result_comes_back(finished: RunResult, tmp_path: Path) -> None:
    copy = Path(shutil.copytree(finished.folder, tmp_path / "copy"))
    said = finished.record().model_copy(update={"nothing": "why", "leaks": ("Q1",)})
    said = said.model_copy(update={"title": replace(finished, leaks=("Q1",)).title})
    write_json(copy / "result.json", said)
    assert read_run(copy).record().model_dump_json() == said.model_dump_json()


def test_a_run_is_found_by_any_of_its_names(finished: RunResult) -> None:
    runs = finished.folder.parent
    for wanted in (None, finished.folder.name, "quickstart", finished.mlflow_run_id, str(finished.folder)):
        assert find_run(runs, wanted) == finished.folder
    with pytest.raises(StoreError, match=f"no run 'nobody'; the newest are {finished.folder.name}"):
        find_run(runs, "nobody")
    with pytest.raises(StoreError, match="no finished run; value-personas run"):
        find_run(runs / "elsewhere")


def test_a_cell_is_the_newest_only_where_there_is_no_other_run(tmp_path: Path) -> None:
    for place, name in enumerate(("mine-1", "mine-2")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "result.json").write_text("{}")
        os.utime(tmp_path / name / "result.json", (place, place))
    mark_part(tmp_path / "mine-2", "parent")
    assert find_run(tmp_path, "mine").name == find_run(tmp_path).name == "mine-1"
    assert find_run(tmp_path, "mine-2").name == "mine-2"
    mark_part(tmp_path / "mine-1", "parent")
    assert find_run(tmp_path, "mine").name == "mine-2"


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("scores.parquet", None, "scores.parquet is absent"),
        ("scores.parquet", "no parquet", "damaged"),
        ("result.json", "{}", "damaged"),
        ("result.json", "[", "damaged"),
        ("result.json", "[" * 100_000, "damaged"),
        ("summary.parquet", "no parquet", "damaged"),
        ("recipe.json", '{"seed": -1}', r"recipe\.json: damaged or of another version: seed"),
    ],
)
def test_a_damaged_run_is_one_line(
    finished: RunResult, tmp_path: Path, file: str, content: str | None, said: str
) -> None:
    copy = damaged_copy(finished, tmp_path, file, content)
    with pytest.raises(StoreError, match=said) as error:
        read_run(copy)
    assert "\n" not in str(error.value)


def test_the_file_is_plain_json(finished: RunResult) -> None:
    said = json.loads((finished.folder / "result.json").read_text())
    told = json.loads(finished.to_json())
    assert {name: told[name] for name in said} == said
    assert set(told) - set(said) == {"mlflow_run_id", "folder"}


@pytest.mark.parametrize("name", ["estimates", "scores", "summary"])
@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: table.drop(columns="method"), "lacks the column method"),
        (lambda table: pd.concat([table, table.tail(1)]), "twice"),
        (lambda table: table.head(0), "holds no row"),
    ],
    ids=["lacks a column", "twice", "empty"],
)
def test_a_table_that_is_no_runs_is_one_line(
    finished: RunResult, tmp_path: Path, name: str, change: Callable[[pd.DataFrame], pd.DataFrame], said: str
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(finished.folder, copy)
    path = copy / f"{name}.parquet"
    change(pd.read_parquet(path)).to_parquet(path, index=False)
    with pytest.raises(StoreError, match=rf"{name}: damaged: .*{said}"):
        read_run(copy)
