"""The commands as a person types them: one JSON object, or one clear line."""

import json
from pathlib import Path

import pytest

from tests.experiments.commands.typed import call


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
