"""A survey read from kept columns is the survey."""

from dataclasses import asdict
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.data.surveys import frame, write_sav
from value_personas.data import Survey, read_survey
from value_personas.data.formats import kept
from value_personas.signatures import SurveyError


def assert_same(found: Survey, expected: Survey) -> None:
    one, other = asdict(found), asdict(expected)
    for name, value in other.items():
        if isinstance(value, pd.DataFrame):
            pd.testing.assert_frame_equal(one[name], value)
        else:
            np.testing.assert_equal(one[name], value, err_msg=name)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_sav(frame(), tmp_path / "own.sav")


def test_a_second_reading_opens_no_survey_file_and_gives_the_same(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain, folder = read_survey(path), tmp_path / "columns"
    assert_same(read_survey(path, cache=folder), plain)
    (table,) = folder.iterdir()
    assert table.stat().st_mode & 0o077 == 0  # it holds what respondents said
    monkeypatch.setattr(kept, "read_columns", None)
    assert_same(read_survey(path, cache=folder), plain)
    with pytest.raises(TypeError):  # other columns are another reading
        read_survey(path, questions=(), cache=folder)


def test_a_changed_file_is_read_anew(path: Path, tmp_path: Path) -> None:
    read_survey(path, cache=tmp_path / "columns")
    write_sav(frame().iloc[::-1], path)
    assert_same(read_survey(path, cache=tmp_path / "columns"), read_survey(path))


@pytest.mark.parametrize("content", ["damaged", "foreign", "empty"])
def test_what_is_no_kept_table_of_this_file_is_read_anew(path: Path, tmp_path: Path, content: str) -> None:
    folder = tmp_path / "columns"
    read_survey(path, cache=folder)
    (table,) = folder.iterdir()
    if content == "foreign":
        pd.read_parquet(table).iloc[::-1].to_parquet(table)
    else:
        table.write_bytes(table.read_bytes()[:-9] if content == "damaged" else b"")
    assert_same(read_survey(path, cache=folder), read_survey(path))
    assert kept._read(table, table.stem) is not None


def test_a_folder_that_cannot_be_made_keeps_nobody_from_reading(path: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert_same(read_survey(path, cache=tmp_path / "file" / "columns"), read_survey(path))


def test_a_file_that_cannot_be_read_leaves_nothing(tmp_path: Path) -> None:
    (tmp_path / "s.csv").write_text("B_COUNTRY,Q29\n")
    with pytest.raises(SurveyError):
        read_survey(tmp_path / "s.csv", "wvs7", cache=tmp_path / "columns")
    assert not (tmp_path / "columns").exists()


@pytest.mark.shared
def test_the_venezuelan_workbook(shared_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (path,) = shared_dir.glob("surveys/*Venezuela_Excel*.xlsx")
    expected = read_survey(path, cache=tmp_path)
    monkeypatch.setattr(kept, "read_columns", None)
    assert_same(read_survey(path, cache=tmp_path), expected)
