"""Sampling points are read, kept through files and waves, and told."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.data.surveys import frame, write_sav
from value_personas.data import Survey, read_survey
from value_personas.data.survey.sampling_points import points_of, read_points


def survey_of(tmp_path: Path, table: pd.DataFrame, name: str = "own.sav") -> Survey:
    return read_survey(write_sav(table, tmp_path / name))


def with_points(points: int = 20, **said: object) -> pd.DataFrame:
    table = frame(**said)  # type: ignore[arg-type]
    return table.assign(I_PSU=np.random.default_rng(1).integers(1, points + 1, len(table)).astype(float))


def test_each_answer_knows_its_point(tmp_path: Path) -> None:
    table = with_points()
    survey = survey_of(tmp_path, table)
    points = survey.sampling_points("Q29", "DEU")
    assert points is not None
    there = table[(table["B_COUNTRY"] == 276) & (table["Q29"] > 0)]
    assert len(points) == len(survey.responses("Q29", "DEU")[0]) == len(there)
    same = np.equal.outer(points, points)
    np.testing.assert_array_equal(same, np.equal.outer(*2 * (there["I_PSU"].to_numpy(),)))
    (note,) = (note for note in survey.notes if "sampling points" in note)
    assert "(I_PSU; 20 of them in the middle one of 2 countries)" in note
    alone = survey_of(tmp_path, table[table["B_COUNTRY"] == 276], "one.sav")
    assert any("(I_PSU; 20 of them)" in note for note in alone.notes)


def test_points_of_which_too_few_are_told_are_not_drawn(tmp_path: Path) -> None:
    table = with_points()
    kenya = table["B_COUNTRY"] == 404
    table.loc[kenya & (np.arange(len(table)) % 4 > 0), "I_PSU"] = -4.0
    survey = survey_of(tmp_path, table)
    assert survey.sampling_points("Q29", "KEN") is None
    assert any("one by one in KEN" in note for note in survey.notes)
    some = with_points()
    some.loc[np.arange(len(some)) % 4 == 0, "I_PSU"] = np.nan
    points = survey_of(tmp_path, some, "some.sav").sampling_points("Q29", "DEU")
    assert points is not None
    counts = np.bincount(points)
    there = some[(some["B_COUNTRY"] == 276) & (some["Q29"] > 0)]
    assert (counts == 1).sum() >= there["I_PSU"].isna().sum() > 0
    assert len(counts) == there["I_PSU"].nunique() + there["I_PSU"].isna().sum()


def test_a_file_without_points_says_nothing(tmp_path: Path) -> None:
    survey = survey_of(tmp_path, frame())
    assert survey.sampling_points("Q29", "DEU") is None
    assert not any("sampling points" in note for note in survey.notes)


def test_points_of_two_files_and_two_waves_are_apart(tmp_path: Path) -> None:
    first, second = (with_points(countries=(country,)) for country in (276, 404))
    paths = [write_sav(table, tmp_path / f"{n}.sav") for n, table in enumerate((first, second))]
    survey = read_survey(paths)
    assert not set(survey.clusters[survey.country_index == 0]) & set(
        survey.clusters[survey.country_index == 1]
    )
    waves = read_points(pd.Series([1.0, 1.0, 2.0, np.nan, -4.0]), np.array([0, 1, 1, 1, 1]))
    assert len(set(waves[:3].tolist())) == 3
    assert waves[3:].tolist() == [-1, -1]
    named = read_points(pd.Series(["north", " north ", "", "south"]), np.zeros(4, dtype=np.int64))
    assert named[0] == named[1] != named[3]
    assert named[2] == -1


@pytest.mark.parametrize("points", [[0, 0, 0], [-1, -1, -1, 0, 1], [4, 4, -1]])
def test_one_point_is_none(points: list[int]) -> None:
    assert points_of(np.array(points)) is None
