"""The commands as a person types them: one JSON object, or one clear line."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

import value_personas as vp
from tests.experiments.commands.typed import call, command
from value_personas.experiments import report
from value_personas.experiments.commands.options import page_of
from value_personas.experiments.report.writing import ReportFiles


def test_audit_prints_one_object(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = ["survey.respondents=60", 'questions.include=["Q29"]', 'audit.statements=["verbatim"]']
    options = [word for setting in settings for word in ("--set", setting)]
    assert call(monkeypatch, "audit", "--json", "--workspace", str(tmp_path), *options) == 0
    told = json.loads(capsys.readouterr().out)
    (row,) = told["summary"]
    assert row["statement"] == "verbatim"
    assert row["recovery_error"] < 0.02
    assert told["synthetic"] == ["writer", "judge", "population"]


def test_nothing_to_judge_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = call(monkeypatch, "audit", "--workspace", str(tmp_path), "--set", "audit.statements=[]")
    assert code == 2
    error = capsys.readouterr().err
    assert "name at least one of hedged, unhedged, verbatim" in error
    assert error.count("\n") == 1


def test_a_study_is_followed_by_the_report_of_its_recipe_or_by_a_run_of_it(tmp_path: Path) -> None:
    loaded = vp.load_recipe("audit", [f"workspace={tmp_path}"])
    (tmp_path / "runs" / "quickstart-2").mkdir(parents=True)
    (tmp_path / "runs" / "quickstart-2" / "result.json").touch()
    then = page_of(loaded, "audit", ["profiles.n=4"], tmp_path)
    assert then == f"value-personas run audit --set profiles.n=4 --workspace {tmp_path}"
    (tmp_path / "runs" / "audit-1").mkdir()
    (tmp_path / "runs" / "audit-1" / "result.json").touch()
    then = page_of(loaded, "audit", ["profiles.n=4"], tmp_path)
    assert then == f"value-personas report audit --workspace {tmp_path}"


def test_a_report_is_followed_by_the_export_of_the_same_run(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    written = ReportFiles(tmp_path / "report.html", (), (), "a run", tmp_path)
    monkeypatch.setattr(report, "report", lambda *_, **__: written)
    printed = command("report", "mine-1", "--workspace", "another place").stdout
    assert "value-personas export mine-1 --workspace 'another place' --to simulated.sav" in printed
    assert "value-personas export --to simulated.sav" in command("report").stdout
    of_a_study = replace(written, run=None)
    monkeypatch.setattr(report, "report", lambda *_, **__: of_a_study)
    assert "export" not in command("report", "a-sweep").stdout
