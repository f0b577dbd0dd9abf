"""From a file that no codebook knows to a finished run: draft, look, run."""

import json
import shlex
from itertools import pairwise
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest
import typer
from typer.testing import CliRunner

import value_personas as vp
from tests.data.surveys import frame, write_sav
from tests.data.unknown_surveys import UNKNOWN
from value_personas.experiments.commands.survey import survey
from value_personas.experiments.fieldwork.survey import open_survey
from value_personas.experiments.workspace.folders import Workspace

APP = typer.Typer()
APP.command()(survey)


@pytest.mark.slow
@pytest.mark.parametrize("name", UNKNOWN)
def test_three_steps_from_a_file_to_a_run(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write, file = UNKNOWN[name]
    write(tmp_path / file)
    told = ["--country-is", "USA"] if name == "gss" else []
    assert CliRunner().invoke(APP, [file, "--draft-codebook", "own.toml", *told]).exit_code == 0
    looked = CliRunner().invoke(APP, [file, "--codebook", "own.toml", "--json"])
    assert looked.exit_code == 0
    held = {question["code"] for question in json.loads(looked.stdout)["questions"]}
    result = vp.run("own-recipe.toml")
    asked = set(result.estimates["question"])
    assert asked < held or asked == held
    assert {"none", "country", "demographic"} <= set(result.estimates["method"])
    assert result.scores["wasserstein"].notna().all()


def test_a_draft_without_a_country_says_what_to_fill_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write, file = UNKNOWN["gss"]
    write(tmp_path / file)
    done = CliRunner().invoke(APP, [file, "--draft-codebook", "own.toml"])
    assert done.exit_code == 0
    assert "TO FILL IN" in Path("own.toml").read_text()
    assert "value-personas run own-recipe.toml" in done.stderr
    stopped = CliRunner().invoke(APP, [file, "--codebook", "own.toml"])
    assert "--country-is NZL" in str(stopped.exception)
    assert CliRunner().invoke(APP, [file, "--codebook", "own.toml", "--country-is", "USA"]).exit_code == 0
    again = CliRunner().invoke(APP, [file, "--draft-codebook", "own2.toml"])
    assert again.exit_code == 0


def test_a_draft_of_nominal_questions_says_what_to_write(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    table = pd.DataFrame({"country": ["Ghana", "Mali"] * 6, "species": [1.0, 2.0, 3.0] * 4})
    kinds: dict[str, dict[float | int, str]] = {"species": {1: "setosa", 2: "versicolor", 3: "virginica"}}
    pyreadstat.write_sav(table, "s.sav", variable_value_labels=kinds)
    done = CliRunner().invoke(APP, ["s.sav", "--draft-codebook", "own.toml"])
    assert done.exit_code == 0
    assert "no order is told of the answers to species" in done.stderr
    assert 'topic = "other" for "nominal" in own.toml' in done.stderr
    Path("own.toml").write_text(Path("own.toml").read_text().replace('"nominal"', '"other"'))
    recipe = vp.load_recipe("own-recipe.toml")
    survey = open_survey(recipe.survey, recipe.questions, recipe.seed, Workspace.open(tmp_path / "ws"))
    assert [question.code for question in survey.questions] == ["species"]


def _next_recipe(printed: str) -> tuple[str, vp.Recipe]:
    """The command that the page ends with, read as a shell and then as ``run`` reads it."""
    words = shlex.split(printed.rsplit("next ", 1)[1])
    assert words[:2] == ["value-personas", "run"]
    settings = [setting for before, setting in pairwise(words) if before == "--set"]
    return words[2], vp.load_recipe(words[2], settings)


def test_the_next_command_reads_the_file_as_it_was_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_sav(frame(), tmp_path / "our survey.sav")
    turned = ["--reverse", "F063", "--accept", "F120", "--country", "DEU", "--wave", "all"]
    looked = CliRunner().invoke(APP, ["our survey.sav", *turned, "--weight", "unweighted"])
    assert looked.exit_code == 0, looked.exception
    named, recipe = _next_recipe(looked.stdout)
    assert named == "wvs"
    read = recipe.survey
    assert (read.path, read.reverse, read.accept) == ("our survey.sav", ("F063",), ("F120",))
    assert (read.countries, read.waves, read.weight) == (("DEU",), ("all",), "unweighted")


def test_the_next_command_of_a_survey_without_value_items_asks_nobody_of_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own surveys").mkdir()
    UNKNOWN["issp"][0](tmp_path / "issp.sav")
    drafted = CliRunner().invoke(APP, ["issp.sav", "--draft-codebook", "own surveys/own.toml"])
    assert "value-personas run 'own surveys/own-recipe.toml'" in drafted.stderr
    look = ["issp.sav", "--codebook", "own surveys/own.toml"]
    assert _next_recipe(CliRunner().invoke(APP, look).stdout)[0] == "own surveys/own-recipe.toml"
    Path("own surveys/own-recipe.toml").unlink()
    named, recipe = _next_recipe(CliRunner().invoke(APP, look).stdout)
    assert (named, recipe.personas, recipe.calibration.kinds) == ("wvs", ("none", "country"), ())


def test_a_file_in_an_encoding_of_its_own_is_drafted_and_run_in_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    answers = ("très d'accord", "d'accord", "pas d'accord")
    rows = [f"{('FRA', 'BEL')[i % 2]},{answers[i % 3]}" for i in range(120)]
    Path("old.csv").write_text("\n".join(["country,opinion", *rows]), encoding="cp850")
    done = CliRunner().invoke(APP, ["old.csv", "--draft-codebook", "own.toml", "--encoding", "cp850"])
    assert done.exit_code == 0, done.exception
    recipe = vp.load_recipe("own-recipe.toml")
    assert recipe.survey.encoding == "cp850"
    survey = open_survey(recipe.survey, recipe.questions, recipe.seed, Workspace.open(tmp_path / "w"))
    assert "très d'accord" in survey.questions[0].scale.labels
    assert survey.distribution(survey.questions[0].code, "FRA").tolist() == pytest.approx([1 / 3] * 3)
