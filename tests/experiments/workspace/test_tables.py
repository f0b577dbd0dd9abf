"""CSV files that a spreadsheet opens without running anything."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from value_personas.experiments.workspace.tables import as_written, write_csv

FORMULAS = ["=1+1", "+cmd|' /C calc'!A0", "-2+3", "@SUM(A1)", "\t=1", "\n=1"]


def test_no_cell_or_heading_is_a_formula(tmp_path: Path) -> None:
    frame = pd.DataFrame({"text": FORMULAS, "=head": pd.Categorical(FORMULAS), "number": [-1.5] * 6})
    write_csv(tmp_path / "a.csv", frame)
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.reader(stream))
    assert rows[0] == ["text", "'=head", "number"]
    assert [row[0] for row in rows[1:]] == [row[1] for row in rows[1:]] == [f"'{one}" for one in FORMULAS]
    assert {row[2] for row in rows[1:]} == {"-1.5"}, "a negative number is a number"


@pytest.mark.parametrize("text", [*FORMULAS, "plain", "two\nlines", "'quoted'", "", "'"])
def test_a_text_comes_back_as_it_was_written(tmp_path: Path, text: str) -> None:
    write_csv(tmp_path / "a.csv", pd.DataFrame({"text": [text, "other"]}))
    with (tmp_path / "a.csv").open(newline="", encoding="utf-8") as stream:
        assert as_written(list(csv.reader(stream))[1][0]) == text


def test_a_carriage_return_begins_no_row(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", pd.DataFrame({"text": ["a\r=1+1", "b\r\n=2"]}))
    assert pd.read_csv(tmp_path / "a.csv")["text"].tolist() == ["a\n=1+1", "b\n=2"]


def test_rows_are_added_below_one_heading(tmp_path: Path) -> None:
    write_csv(tmp_path / "a.csv", pd.DataFrame({"a": ["x"]}))
    write_csv(tmp_path / "a.csv", pd.DataFrame({"a": ["=y"]}), after_others=True)
    assert (tmp_path / "a.csv").read_text(encoding="utf-8").split() == ["a", "x", "'=y"]
