"""A run repeated from its record alone."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from tests.experiments.commands.typed import command
from tests.experiments.fieldwork.test_prompt_file import content
from tests.experiments.small_runs import damaged_copy, small_run
from value_personas import RunResult
from value_personas.data.synthetic import write_synthetic_survey
from value_personas.experiments.run.rerun import Rerun, rerun
from value_personas.experiments.run.stored import recorded_run
from value_personas.experiments.workspace.folders import Workspace
from value_personas.signatures import RecipeError, StoreError


def same(found: Rerun) -> dict[str, bool | None]:
    return {one.name: one.is_same for one in found.circumstances}


def test_every_number_and_text_comes_out_the_same(finished: RunResult) -> None:
    workspace = finished.recipe.workspace
    found = rerun(workspace=workspace)
    assert found.agrees, found
    assert found.calls == 0
    assert all(same(found).values())
    for name in (finished.mlflow_run_id, finished.folder.name, "quickstart", None):
        with recorded_run(Workspace.open(workspace), name) as folder:
            assert folder == finished.folder
    assert [t.table for t in found.tables] == [
        "estimates", "scores", "floors", "summary", "comparisons", "descriptors", "measures", "nulls",
        "asking", "hypotheses", "map", "floor",
    ]  # fmt: skip
    assert all(table.values > 0 for table in found.tables)


def test_a_gap_and_personas_drawn_anew_come_out_the_same(tmp_path: Path) -> None:
    four = 'questions.include=["Q29", "Q49", "Q61", "Q185"]'
    small_run(tmp_path, four, "scoring.gap_reference=XNA", "scoring.persona_draws=3")
    found = rerun(workspace=tmp_path)
    assert found.agrees, found
    assert {"gap", "gap_countries", "map"} <= {table.table for table in found.tables}


def test_a_folder_tells_its_workspace(finished: RunResult) -> None:
    assert rerun(str(finished.folder)).calls == 0


def test_nothing_is_written_but_answers(finished: RunResult) -> None:
    runs = finished.folder.parent
    before = sorted(runs.iterdir())
    rerun(workspace=finished.recipe.workspace)
    assert sorted(runs.iterdir()) == before


def test_a_number_that_was_tampered_with_is_found(finished: RunResult, tmp_path: Path) -> None:
    folder = tmp_path / finished.folder.name
    shutil.copytree(finished.folder, folder)
    estimates = pd.read_parquet(folder / "estimates.parquet")
    row = estimates.query("method == 'values-hedged' and country == 'XNC' and question == 'Q185'").index[3]
    estimates.loc[row, "predicted"] += 0.125
    estimates.to_parquet(folder / "estimates.parquet", index=False)
    found = rerun(str(folder), workspace=finished.recipe.workspace)
    assert not found.agrees
    [wrong] = [table for table in found.tables if not table.is_exact]
    assert (wrong.table, wrong.differing) == ("estimates", 1)
    assert wrong.largest == pytest.approx(0.125)
    option = estimates.loc[row, "option"]
    assert wrong.where == f"predicted of values-hedged · XNC · Q185 · {option}"


def test_a_record_without_its_sources_is_one_line(finished: RunResult, tmp_path: Path) -> None:
    for text, said in (
        (None, "absent"),
        ("[]", "no JSON object"),
        ('{"inputs": [{"key": "survey.path", "path": "a"}]}', r"inputs\.0\.sha256"),
        ('{"survey": [{"path": "a"}]}', r"inputs\.0\.sha256"),
        ('{"survey": 3}', "inputs"),
    ):
        copy = damaged_copy(finished, tmp_path, "sources.json", text)
        with pytest.raises(StoreError, match=rf"sources\.json: .*{said}"):
            rerun(str(copy), workspace=finished.recipe.workspace)
        shutil.rmtree(copy)


def test_what_an_earlier_version_did_not_record_is_said(finished: RunResult, tmp_path: Path) -> None:
    said = json.loads((finished.folder / "sources.json").read_text())
    older = {"survey": said["inputs"], "respondent": said["respondent"]}
    copy = damaged_copy(finished, tmp_path, "sources.json", json.dumps(older))
    found = rerun(str(copy), workspace=finished.recipe.workspace)
    assert found.agrees
    assert same(found)["data, survey.path"] is True
    assert same(found)["code commit"] is None


def test_another_setting_is_said_and_differs(finished: RunResult) -> None:
    found = rerun(workspace=finished.recipe.workspace, settings=["calibration.temperature=3"])
    assert found.changed == ("calibration.temperature=3",)
    assert {t.table for t in found.tables if not t.is_exact} == {
        "estimates",
        "scores",
        "summary",
        "measures",
        "hypotheses",
        "comparisons",
    }


def test_without_the_answers_they_are_asked_for_again(finished: RunResult, tmp_path: Path) -> None:
    found = rerun(str(finished.folder), workspace=tmp_path)
    assert found.calls == finished.usage["calls"] > 0
    assert found.agrees
    assert same(found)["data, survey.path"]  # the embedded population is the same file, byte by byte


def test_a_run_whose_folder_is_gone_comes_out_of_mlflow(tmp_path: Path) -> None:
    gone = small_run(tmp_path)
    shutil.rmtree(gone.folder)
    found = rerun(gone.mlflow_run_id, workspace=tmp_path)
    assert found.agrees
    assert (found.run, found.calls) == (gone.folder.name, 0)
    for name in (gone.folder.name, "quickstart"):
        with recorded_run(Workspace.open(tmp_path), name) as copy:
            assert copy.name == gone.folder.name
    assert list((tmp_path / "runs").iterdir()) == []
    client = MlflowClient(Workspace.open(tmp_path).tracking_uri)
    for outside in (str(tmp_path / "outside"), "../../outside", "..", ""):
        client.set_tag(gone.mlflow_run_id, "run.folder", outside)
        with recorded_run(Workspace.open(tmp_path), gone.mlflow_run_id) as copy:
            assert copy.name == gone.mlflow_run_id
    assert not (tmp_path / "outside").exists()
    for nobody in ("nobody", "no'body"):
        with pytest.raises(StoreError, match=r"no run .*; neither does MLflow keep it"):
            rerun(nobody, workspace=tmp_path)


def test_a_survey_that_moved_and_one_that_changed(tmp_path: Path) -> None:
    file, moved, other = (tmp_path / f"{name}.sav" for name in ("here", "there", "other"))
    write_synthetic_survey(file, respondents_per_country=100)
    small_run(tmp_path, f"survey.path={file}")
    file.rename(moved)
    with pytest.raises(RecipeError, match=r"here\.sav: the survey file of this run is not there; .*--set"):
        rerun(workspace=tmp_path)
    found = rerun(workspace=tmp_path, settings=[f"survey.path={moved}"])
    assert found.agrees
    assert same(found)["data, survey.path"]
    write_synthetic_survey(other, respondents_per_country=100, seed=1)
    changed = rerun(workspace=tmp_path, settings=[f"survey.path={other}"])
    assert not changed.agrees
    assert same(changed)["data, survey.path"] is False


def test_a_program_and_descriptors_that_are_gone_are_in_the_record(tmp_path: Path) -> None:
    program, own = tmp_path / "tuned.json", tmp_path / "own.csv"
    program.write_text(json.dumps(content()))
    first = small_run(tmp_path, f"program={program}")
    program.unlink()
    assert rerun(first.mlflow_run_id, workspace=tmp_path).agrees
    table = pd.read_csv(first.folder / "descriptors.csv")
    for settings in ([], [f"program={program}"]):
        program.write_text(json.dumps(content()))
        table.loc[[3], ["item", "score", "variant"]].assign(text="You are content.").to_csv(own, index=False)
        second = small_run(tmp_path, f"descriptors.overrides={own}", *settings)
        own.unlink()
        program.unlink()
        found = rerun(second.mlflow_run_id, workspace=tmp_path)
        assert found.agrees
        assert found.calls == 0


def test_the_command_says_it_in_words_json_and_returncode(finished: RunResult) -> None:
    workspace = str(finished.recipe.workspace)
    page = command("rerun", "--workspace", workspace)
    assert page.returncode == 0
    assert "synthetic respondent and population" in page.stdout
    assert f"{finished.folder.name}: agrees to the last digit" in page.stdout
    changed = ["--set", "calibration.temperature=3"]
    said = command("rerun", "--workspace", workspace, "--json", *changed)
    assert said.returncode == 1
    found = json.loads(said.stdout)
    assert (found["agrees"], found["calls"], found["changed"]) == (False, 0, changed[1:])
    page = command("rerun", "--workspace", workspace, *changed)
    assert "DIFFERS" in page.stdout
    assert "set anew               calibration.temperature=3" in page.stdout


@pytest.mark.parametrize(
    ("file", "content", "said"),
    [
        ("comparisons.parquet", "no parquet", "comparisons: damaged"),
        ("descriptors.csv", "a,b\n1,2\n", "variant"),
        ("descriptors.csv", "variant,item,score,wording,text\n" + "hedged,A008,1,0,x\n" * 2, "twice"),
    ],
)
def test_a_damaged_table_is_one_line(
    finished: RunResult, tmp_path: Path, file: str, content: str, said: str
) -> None:
    copy = damaged_copy(finished, tmp_path, file, content)
    with pytest.raises(StoreError, match=said):
        rerun(str(copy), workspace=finished.recipe.workspace)


def test_a_table_that_is_gone_differs(finished: RunResult, tmp_path: Path) -> None:
    copy = damaged_copy(finished, tmp_path, "descriptors.csv", None)
    assert not rerun(str(copy), workspace=finished.recipe.workspace).agrees
