"""Files with labels as surveys and models really write them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from value_personas.experiments.export.files import WRITERS
from value_personas.experiments.export.variables import (
    Sheet,
    Variable,
    distinct_labels,
    plain_text,
    variable_names,
)
from value_personas.experiments.export.wide import missing_codes
from value_personas.experiments.run.record import Options

LONG = "überaus wichtig für die Gemeinschaft – " * 8
ODD = {
    1.0: LONG + "sehr",
    2.0: LONG + "gar nicht",
    3.0: "two\nlines\x00and a nul",
    4.0: "\ud800 half a character",
    5.0: "",
    6.0: "<script>alert(1)</script>",
}
GONE = {-101.0: "refused", -102.0: "empty"}


@pytest.fixture
def sheet() -> Sheet:
    codes = [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, -101.0, -102.0, np.nan]
    frame = pd.DataFrame({"method": ["größer"] * 9, "Q1": codes, "Q2": [0.5, 1.5] * 4 + [np.nan]})
    variables = (
        Variable("method", "x" * 300, measure="nominal"),
        Variable("Q1", LONG * 2, ODD, GONE, "ordinal"),
        Variable("Q2", "halves", {0.5: "low", 1.5: "high"}, GONE, "ordinal"),
    )
    return Sheet(frame, variables, "Titel " + LONG, ("One note " + LONG,))


def test_spss_takes_odd_labels(sheet: Sheet, tmp_path: Path) -> None:
    path = tmp_path / "a.sav"
    assert WRITERS[".sav"](sheet, path) == 9
    frame, about = pyreadstat.read_sav(str(path), user_missing=True)
    np.testing.assert_array_equal(frame["Q1"], sheet.frame["Q1"])
    labels = about.variable_value_labels["Q1"]
    assert set(labels) == {*ODD, *GONE}
    assert len(set(labels.values())) == len(labels)
    assert all(len(text.encode()) <= 120 for text in labels.values())
    assert labels[2.0].endswith("… [2]")
    assert labels[3.0] == "two lines and a nul"
    assert labels[4.0] == "half a character"
    assert labels[5.0] == "–"
    assert about.variable_value_labels["Q2"][0.5] == "low"
    assert len(about.column_names_to_labels["Q1"].encode()) <= 256
    assert about.column_names_to_labels["Q1"].startswith("überaus wichtig")
    assert about.file_label.startswith("Titel überaus")
    assert " ".join(about.notes).split() == sheet.notes[0].split()


def test_stata_takes_odd_labels(sheet: Sheet, tmp_path: Path) -> None:
    path = tmp_path / "a.dta"
    assert WRITERS[".dta"](sheet, path) == 9
    frame, about = pyreadstat.read_dta(str(path), user_missing=True)
    assert frame["Q1"].tolist()[:8] == [1, 2, 3, 4, 5, 6, "a", "b"]
    assert about.variable_value_labels["Q1"][1] == plain_text(LONG + "sehr", 999, "bytes")
    assert about.variable_value_labels["Q1"]["b"] == "empty"
    assert "Q2" not in about.variable_value_labels  # Stata labels whole numbers alone
    assert about.column_names_to_labels["method"] == "x" * 79 + "…"
    read = pd.read_stata(path)
    assert read["method"].iloc[0] == "größer"
    assert read["Q1"].iloc[5] == "<script>alert(1)</script>"
    assert read["Q1"].isna().tolist() == [False] * 6 + [True] * 3
    np.testing.assert_array_equal(read["Q2"][:8], [0.5, 1.5] * 4)


def test_names_are_legal_everywhere_and_distinct() -> None:
    codes = ["Q29", "q29", "Größe (cm)", "2nd", "to", "", "x" * 40, "x" * 41, "日本"]
    names = variable_names(codes)
    assert names == [
        "Q29", "q29_2", "Grosse__cm_", "v_2nd", "v_to", "v_", "x" * 32, "x" * 30 + "_2", "v__2",
    ]  # fmt: skip
    assert len({name.lower() for name in names}) == len(codes)


@pytest.mark.parametrize(
    ("text", "limit", "unit", "expected"),
    [
        ("kurz", 4, "bytes", "kurz"),
        ("länger", 6, "bytes", "lä…"),
        ("länger", 6, "characters", "länger"),
        ("länger", 5, "characters", "läng…"),
        ("a\tb\r\n c", 99, "bytes", "a b c"),
        ("a\u202eb", 9, "bytes", "a b"),
    ],
)
def test_no_character_is_torn(text: str, limit: int, unit: str, expected: str) -> None:
    assert plain_text(text, limit, unit) == expected  # type: ignore[arg-type]


def test_labels_made_alike_are_numbered_within_the_limit() -> None:
    found = distinct_labels(["abcdefgh1", "abcdefgh2", "abcdefgh3", "abc"], 8, "characters")
    assert found == ["abcdefg…", "abc… [2]", "abc… [3]", "abc"]


def test_missing_codes_lie_below_every_score() -> None:
    def scored(*scores: float) -> Options:
        return Options(code="Q", text="", labels=("a", "b"), scores=scores)

    assert missing_codes([scored(1, 2)])["refused"] == -101
    assert missing_codes([scored(1, 2), scored(-2, 2)])["refused"] == -101
    assert missing_codes([scored(1, 2), scored(-150.5, 2)])["refused"] == -152
    assert len(set(missing_codes([scored(1, 2)]).values())) == 10
