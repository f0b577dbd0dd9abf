"""The commands as a person types them: one JSON object, or one clear line."""

import json
from pathlib import Path

import pandas as pd
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


def published(path: Path) -> Path:
    """Four countries, two of them alike in values and answers."""
    shares = {"Sweden": (10, 20, 30, 40), "Norway": (12, 20, 30, 38)}
    shares |= {"Morocco": (50, 30, 15, 5), "Jordan": (55, 25, 15, 5)}
    rows = [
        {"country": country, "qid": code, "opt": letter, "pct": float(share)}
        for country, found in shares.items()
        for code in ("Q29", "Q30")
        for letter, share in zip("ABCD", found, strict=True)
    ]
    pd.DataFrame(rows).to_csv(path, index=False)
    return path


def test_baselines_prefer_neighbours_to_strangers(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = published(tmp_path / "published.csv")
    assert call(monkeypatch, "baselines", str(file), "--neighbours", "1", "--json") == 0
    summary = pd.DataFrame(json.loads(capsys.readouterr().out)["summary"])
    error = summary[summary["score"] == "total_variation"].set_index("method")["mean"]
    # Sweden from Norway and back 0.02 each, Morocco from Jordan and back 0.05 each
    assert error["map-neighbours"] == pytest.approx(0.035)
    assert error["training-mean"] > 0.2


def test_baselines_fit_a_terminal_of_80_columns(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    file = published(tmp_path / "published.csv")
    assert call(monkeypatch, "baselines", str(file), "--neighbours", "1") == 0
    told = capsys.readouterr().out
    assert "…" not in told
    assert "map-neighbours" in told


def test_a_table_that_is_none_is_one_clear_line(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "other.csv"
    file.write_text("a,b\n1,2\n")
    assert call(monkeypatch, "baselines", str(file)) == 2
    assert "no column 'country'" in capsys.readouterr().err
