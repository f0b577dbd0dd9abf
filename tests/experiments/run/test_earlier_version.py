"""A run folder of version 0.1.0 is read by everything that reads runs."""

import json
import shutil
import sys
from pathlib import Path

import pandas as pd
import pytest

from tests.experiments.small_runs import as_in_0_1_0
from value_personas.experiments.cli import main
from value_personas.experiments.report import read_material
from value_personas.experiments.report.tables import provenance_table
from value_personas.experiments.run.rerun import rerun
from value_personas.experiments.run.stored import read_run

RUN = next(Path(__file__).parents[2].glob("fixtures/run_0_1_0/runs/*"))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The run in a workspace of its own, which holds nothing else."""
    copy = Path(shutil.copytree(RUN, tmp_path / "ws" / "runs" / RUN.name))
    as_in_0_1_0(copy / "recipe.json")
    return copy


def done(patched: pytest.MonkeyPatch, *words: str) -> int | str | None:
    """What a command ends with."""
    patched.setattr(sys, "argv", ["value-personas", *words])
    with pytest.raises(SystemExit) as stopped:
        main()
    return stopped.value.code


def test_it_comes_back_whole(folder: Path) -> None:
    run, said = read_run(folder), json.loads((folder / "result.json").read_text())
    assert json.loads(run.record().model_dump_json()) == said
    assert run.title == said["title"]
    assert run.mlflow_run_id == (folder / "mlflow_run_id.txt").read_text().strip()
    pd.testing.assert_frame_equal(run.summary, pd.DataFrame(said["summary"]), check_dtype=False)


def test_it_is_repeated_to_the_last_digit(folder: Path) -> None:
    found = rerun(str(folder))
    assert found.agrees, found
    assert found.calls > 0  # its answers are not beside it
    assert {table.table for table in found.tables} >= {"asking", "descriptors", "map"}
    same = {one.name: one.is_same for one in found.circumstances}
    assert same["data, survey.path"] is True
    assert same["respondent"] is True


def test_its_report_knows_the_files_and_the_code(folder: Path) -> None:
    material = read_material(folder, folder.parents[1])
    [survey] = material.sources.survey
    assert (survey.rows, survey.sha256) == (
        480,
        "cd4a9d9b263f631d5fb258ffdacdcd816143a824465b7df4207356a3100bf4a6",
    )
    assert material.country_name("XNA") == "Nordhavia"
    assert material.question_text("Q29").startswith("Whether you agree")
    commit = "commit 590fd93293f9f2615b0a95afc75368378254497a"
    assert dict(provenance_table(material).rows)["code"] == commit
    sources = folder / "sources.json"
    sources.write_text(sources.read_text().replace('"changes": "none"', '"changes": "0123456789ab"'))
    changed = read_material(folder, folder.parents[1])
    assert dict(provenance_table(changed).rows)["code"] == f"{commit} with uncommitted changes"


@pytest.mark.parametrize(
    "words",
    [
        ["export", "quickstart", "--to", "answers.csv"],
        ["calibrate", "quickstart", "--set", "calibration.search.trials=2"],
        pytest.param(["report", "quickstart"], marks=pytest.mark.slow),
    ],
    ids=lambda words: words[0],
)
def test_commands_read_it(folder: Path, monkeypatch: pytest.MonkeyPatch, words: list[str]) -> None:
    monkeypatch.chdir(folder.parents[2])
    assert done(monkeypatch, *words, "--workspace", "ws") == 0
