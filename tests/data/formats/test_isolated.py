"""A file that ends its reader ends a child: one line tells it, whoever asked, and the next file is read."""

import os
import signal
import threading
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from tests.data.surveys import frame, write_sav
from value_personas.data import draft_codebook, read_survey
from value_personas.data.formats import isolated
from value_personas.data.formats.readers import inspect_file, read_columns
from value_personas.signatures import SurveyError


@pytest.fixture
def damaged(tmp_path: Path) -> Path:
    path = write_sav(frame(), tmp_path / "s.sav")
    content = bytearray(path.read_bytes())
    content[180] = 0xFF  # in the first variable's record: ReadStat runs out of bounds
    path.write_bytes(content)
    return path


@pytest.mark.parametrize("read", [read_survey, inspect_file, draft_codebook], ids=lambda f: f.__name__)
def test_a_damaged_file_ends_a_child_and_not_this_process(read: object, damaged: Path) -> None:
    with pytest.raises(SurveyError) as caught:
        read(damaged)  # type: ignore[operator]
    assert "the file is damaged: reading it ends the reader (SIG" in str(caught.value)
    assert "\n" not in str(caught.value)
    assert read_survey(write_sav(frame(), damaged.with_name("sound.sav"))).countries


def _mixed(rows: int = 40) -> pd.DataFrame:
    return pd.DataFrame({
        "number": np.where(np.arange(rows) % 3, np.arange(rows) / 7, np.nan),
        "text": [f"né {i}" if i % 4 else "" for i in range(rows)],
        "Code": [float(i) for i in range(rows)],
    })  # fmt: skip


def test_columns_and_metadata_are_those_of_pyreadstat(tmp_path: Path) -> None:
    table = _mixed()
    letters = table.assign(letter=[1.0 if i % 2 else "a" for i in range(len(table))])
    labels = {"Code": {1.0: "One", 2.0: "Two"}}
    pyreadstat.write_sav(
        table, str(tmp_path / "s.sav"), variable_value_labels=labels, column_labels=["N", "", "Ü"],
        missing_ranges={"Code": [{"lo": -9, "hi": -1}, 99]},
    )  # fmt: skip
    pyreadstat.write_dta(letters, str(tmp_path / "s.dta"), missing_user_values={"letter": ["a"]})
    pyreadstat.write_xport(table, str(tmp_path / "s.xpt"))
    pyreadstat.write_por(table.drop(columns="text"), str(tmp_path / "s.por"))
    told = {"disable_datetime_conversion": True}
    for reader, more in {
        "read_sav": {"user_missing": True}, "read_dta": {"user_missing": True},
        "read_xport": {}, "read_por": {},
    }.items():  # fmt: skip
        path = tmp_path / f"s.{reader.removeprefix('read_').replace('xport', 'xpt')}"
        expected, known = getattr(pyreadstat, reader)(str(path), **told, **more)
        found, meta = isolated.read_isolated(reader, path, told | more)
        pd.testing.assert_frame_equal(found, expected)
        for name in vars(meta):
            assert getattr(meta, name) == getattr(known, name), name
        assert repr(meta.variable_value_labels) == repr(known.variable_value_labels)  # 1 is not 1.0


def test_a_file_without_records_and_a_choice_of_columns(tmp_path: Path) -> None:
    pyreadstat.write_sav(_mixed().iloc[:0], str(tmp_path / "none.sav"))
    found, _ = isolated.read_isolated("read_sav", tmp_path / "none.sav", {})
    assert found.shape == (0, 3)
    pyreadstat.write_sav(_mixed(), str(tmp_path / "s.sav"))
    assert read_columns(inspect_file(tmp_path / "s.sav"), ["Code", "number"]).columns.tolist() == [
        "Code",
        "number",
    ]


def test_a_child_that_left_or_was_killed_between_two_files_is_replaced(tmp_path: Path) -> None:
    path = write_sav(frame(20), tmp_path / "s.sav")
    inspect_file(path)
    child = isolated._children[os.getpid()][0]
    assert child.stdin is not None
    child.stdin.close()  # as a child sees the end of its parent, it leaves with 0
    child.wait()
    isolated._children.clear()
    inspect_file(path)
    child = isolated._children[os.getpid()][0]
    child.send_signal(signal.SIGTERM)
    child.wait()
    with pytest.raises(SurveyError, match="SIGTERM"):
        inspect_file(path)
    assert inspect_file(path).columns


def test_threads_take_turns(tmp_path: Path) -> None:
    paths = [write_sav(frame(10 + i), tmp_path / f"{i}.sav") for i in range(6)]
    found: dict[int, int] = {}

    def read(i: int) -> None:
        found[i] = len(read_columns(inspect_file(paths[i]), ["Q29"]))

    threads = [threading.Thread(target=read, args=(i,)) for i in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {i: 10 + i for i in range(6)}


def test_two_children_read_a_large_file_as_one_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = _mixed(101).assign(
        letter=[1.0 if i % 2 else "a" for i in range(101)], late=[np.nan] * 90 + [1.5] * 11
    )
    pyreadstat.write_sav(table.drop(columns="letter"), str(tmp_path / "s.sav"))
    pyreadstat.write_dta(table, str(tmp_path / "s.dta"), missing_user_values={"letter": ["a"]})
    for name in ("s.sav", "s.dta"):
        header = inspect_file(tmp_path / name)
        monkeypatch.setattr(isolated, "_MANY", 4_000_000)
        expected = read_columns(header, header.columns)
        monkeypatch.setattr(isolated, "_MANY", 0)
        monkeypatch.setattr(isolated, "_most_children", lambda: 2)
        pd.testing.assert_frame_equal(read_columns(header, header.columns), expected)
    assert len(isolated._children[os.getpid()]) == 2


def test_a_file_that_claims_more_records_than_it_can_hold(tmp_path: Path) -> None:
    path = write_sav(frame(20), tmp_path / "s.sav")
    content = bytearray(path.read_bytes())
    content[80:84] = (500_000_000).to_bytes(4, "little")
    path.write_bytes(content)
    with pytest.raises(SurveyError, match="says that it holds 500,000,000 records, more than its") as caught:
        read_survey(path)
    assert "\n" not in str(caught.value)


@pytest.mark.skipif(os.name != "posix", reason="the system knows no such limit")
def test_a_child_takes_no_more_than_its_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What unpacks to gigabytes has no size that tells."""
    path = tmp_path / "s.zsav"
    pyreadstat.write_sav(frame(20), str(path), compress=True)
    content = bytearray(path.read_bytes())
    content[80:84] = (500_000_000).to_bytes(4, "little")
    path.write_bytes(content)
    monkeypatch.setattr(isolated, "_most_memory", lambda: 2 << 30)
    isolated._end_all()
    with pytest.raises(SurveyError, match="more than half of this machine's memory") as caught:
        read_survey(path)
    assert "\n" not in str(caught.value)
    isolated._end_all()  # the next child has all of it
