"""A file that ends its reader ends a child, and the run with one line."""

import time
from pathlib import Path

import pytest

from tests.data.surveys import frame, write_sav
from value_personas.data import read_survey
from value_personas.signatures import SurveyError


def test_a_damaged_file_ends_a_child_and_not_this_process(tmp_path: Path) -> None:
    path = write_sav(frame(), tmp_path / "s.sav")
    content = bytearray(path.read_bytes())
    content[180] = 0xFF  # in the first variable's record: ReadStat runs out of bounds
    path.write_bytes(content)
    with pytest.raises(SurveyError) as caught:
        read_survey(path, cache=tmp_path / "w" / "columns")
    assert "the file is damaged" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_sound_file_is_tried_once_and_reads_as_without(tmp_path: Path) -> None:
    path = write_sav(frame(), tmp_path / "s.sav")
    columns = tmp_path / "w" / "columns"
    found, known = read_survey(path, cache=columns), read_survey(path)
    for country in known.countries:
        assert found.distribution("Q29", country).tolist() == known.distribution("Q29", country).tolist()
    assert len(list(columns.glob("*.sound"))) == 1
    assert list(columns.glob("*.parquet"))
    begun = time.perf_counter()
    read_survey(path, cache=columns)
    assert time.perf_counter() - begun < 1.0  # a child takes longer to begin


def test_what_cannot_be_read_is_told_as_without_a_child(tmp_path: Path) -> None:
    path = write_sav(frame().drop(columns="B_COUNTRY"), tmp_path / "s.sav")
    with pytest.raises(SurveyError, match="no country column"):
        read_survey(path, codebook="wvs7", cache=tmp_path / "w" / "columns")
