"""Stored answers: what is kept, what is cut out, and files that are not what they should be."""

import numpy as np
import pytest

from tests.experiments.calibration.builders import stored_panel
from value_personas.experiments.evaluation.answers import Answers
from value_personas.signatures import (
    LeakError,
    StatisticsError,
    StoreError,
)


def test_saved_and_loaded_is_the_same(tmp_path):
    panel = stored_panel(missing=0.1, synthetic=("respondent", "people"), draws=10)
    panel.save(tmp_path / "a.npz")
    got = Answers.load(tmp_path / "a.npz")
    for name in ("log_p", "human", "weights", "mask", "scores"):
        np.testing.assert_array_equal(getattr(got, name), getattr(panel, name))
    for name in (
        "countries",
        "zones",
        "questions",
        "topics",
        "near",
        "batteries",
        "draws",
        "synthetic",
        "method",
    ):
        assert getattr(got, name) == getattr(panel, name)
    assert not list(tmp_path.glob("*partial*"))


def test_a_pickle_in_the_file_is_refused(tmp_path):
    path = tmp_path / "a.npz"
    np.savez(path, log_p=np.array([{"a": 1}], dtype=object))
    with pytest.raises(StoreError, match="not a file of stored answers"):
        Answers.load(path)


@pytest.mark.parametrize("content", [b"", b"PK\x03\x04 broken", b"hello"])
def test_a_damaged_file_is_refused_in_one_line(tmp_path, content):
    path = tmp_path / "a.npz"
    path.write_bytes(content)
    with pytest.raises(StoreError) as caught:
        Answers.load(path)
    assert "\n" not in str(caught.value)


def test_absent_newer_and_incomplete_files_are_refused(tmp_path):
    with pytest.raises(StoreError, match="run value-personas run first"):
        Answers.load(tmp_path / "none.npz")
    np.savez(tmp_path / "new.npz", format=np.asarray(99))
    with pytest.raises(StoreError, match="format 1"):
        Answers.load(tmp_path / "new.npz")
    np.savez(tmp_path / "part.npz", format=np.asarray(1), draws=np.asarray(0.0))
    with pytest.raises(StoreError, match="lack"):
        Answers.load(tmp_path / "part.npz")


def test_a_file_of_an_earlier_version_takes_every_persona_for_one_person(tmp_path):
    panel = stored_panel(people=np.array([[0, 2, 2, 4]] * 6), texts=2)
    panel.save(tmp_path / "a.npz")
    loaded = Answers.load(tmp_path / "a.npz")
    np.testing.assert_array_equal(loaded.people, panel.people)
    assert loaded.texts == 2
    with np.load(tmp_path / "a.npz") as file:
        arrays = {name: file[name] for name in file.files if name not in ("people", "texts")}
    np.savez(tmp_path / "old.npz", **arrays)
    old = Answers.load(tmp_path / "old.npz")
    np.testing.assert_array_equal(old.people, np.tile(np.arange(20), (6, 1)))
    assert old.texts == 1


@pytest.mark.parametrize(("people", "texts"), [([[20]] * 6, 1), ([[19]] * 6, 2), ([[0]] * 5, 1)])
def test_people_who_are_nowhere_are_refused(people, texts):
    with pytest.raises(StatisticsError, match="people"):
        stored_panel(people=np.array(people), texts=texts)


def test_a_training_panel_holds_training_cells_only():
    panel = stored_panel()
    training = panel.training(["C3", "C1"], ["Q4", "Q0"])
    np.testing.assert_array_equal(training.human, panel.human[[3, 1]][:, [4, 0]])
    np.testing.assert_array_equal(training.log_p, panel.log_p[[3, 1]][:, [4, 0]])
    assert training.zones == ("Z1", "Z0")
    assert training.without(["C3"]).countries == ("C1",)
    with pytest.raises(StatisticsError, match="C9"):
        panel.training(["C9"], ["Q0"])
    with pytest.raises(LeakError, match="at least one"):
        panel.training([], ["Q0"])


def test_shapes_and_weights_are_checked():
    with pytest.raises(StatisticsError, match="zones of shape"):
        stored_panel(zones=("Z0",))
    with pytest.raises(StatisticsError, match="sum to 1"):
        stored_panel(weights=np.ones((6, 20)))
