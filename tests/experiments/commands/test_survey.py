"""From a file that no codebook knows to a finished run: draft, look, run."""

import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

import value_personas as vp
from tests.data.unknown_surveys import UNKNOWN
from value_personas.experiments.commands.survey import survey

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
