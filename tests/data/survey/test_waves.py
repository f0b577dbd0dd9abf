"""One file may hold several waves and studies: each country's latest is read, and others on request."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.data.surveys import frame, write_sav
from value_personas.data import read_survey
from value_personas.signatures import SurveyError


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Germany in waves 5 and 7, Kenya in wave 5 alone."""
    early, late = frame(seed=1), frame(seed=2, countries=(276,))
    waves = [early.assign(A_WAVE=5.0, A_YEAR=2006.0), late.assign(A_WAVE=7.0, A_YEAR=2018.0)]
    return write_sav(pd.concat(waves, ignore_index=True), tmp_path / "s.sav")


def test_each_countrys_latest_wave_is_read_with_a_note(path: Path, tmp_path: Path) -> None:
    survey = read_survey(path)
    assert survey.waves == {"DEU": ("7",), "KEN": ("5",)}
    alone = read_survey(write_sav(frame(seed=2, countries=(276,)), tmp_path / "alone.sav"))
    np.testing.assert_array_equal(survey.distribution("Q29", "DEU"), alone.distribution("Q29", "DEU"))
    assert survey.missing_share("A008", "DEU") == alone.missing_share("A008", "DEU")
    assert survey.effective_size("DEU") == alone.effective_size("DEU")
    assert any("DEU 7 of 5, 7" in note and "--wave all" in note for note in survey.notes)


def test_waves_are_chosen_and_pooled_on_request(path: Path) -> None:
    early, pooled = read_survey(path, waves=["5"]), read_survey(path, waves=["all"])
    assert early.waves == {"DEU": ("5",), "KEN": ("5",)}
    assert pooled.waves["DEU"] == ("5", "7")
    assert pooled.respondents("DEU") == early.respondents("DEU") + read_survey(path).respondents("DEU")
    assert any("pooled in 1 countries (DEU 5, 7)" in note for note in pooled.notes)
    assert read_survey(path, waves=["7"]).countries == ("DEU",)
    with pytest.raises(SurveyError, match=r"no wave '6'; there are 5, 7"):
        read_survey(path, waves=["6"])


@pytest.mark.shared
def test_the_study_tells_evs_from_wvs(shared_dir: Path) -> None:
    path = shared_dir / "cases" / "surveys" / "joint_two_studies.sav"
    survey = read_survey(path)
    assert survey.waves == {"ARG": ("WVS 7",)}
    assert survey.distribution("F121", "ARG")[0] == pytest.approx(0.2)
    assert read_survey(path, waves=["EVS 5"]).distribution("F121", "ARG")[0] == pytest.approx(0.8)
    assert read_survey(path, waves=["all"]).distribution("F121", "ARG")[0] == pytest.approx(0.5)


@pytest.mark.shared
def test_the_weight_of_equal_countries_serves_alone(shared_dir: Path) -> None:
    survey = read_survey(shared_dir / "cases" / "surveys" / "s018_only.csv")
    assert survey.distribution("Q1", "ARG")[:2].tolist() == pytest.approx([0.75, 0.25])


def test_a_fieldwork_that_passes_the_turn_of_a_year_is_one_wave(tmp_path: Path) -> None:
    """Where nothing but years tells waves: half of the respondents were left out as an earlier wave."""
    rows = 90
    table = pd.DataFrame({
        "country": np.repeat([276, 826], rows), "c_abrv": np.repeat(["DE", "GB"], rows), "gweight": 1.0,
        "year": np.concatenate([np.repeat([2017, 2018], rows // 2), np.repeat([2008, 2018], rows // 2)]),
        "v7": 1, "v31": 2, "v63": 10, "v153": 1, "v170": 1, "v1": np.tile([1, 2], rows),
    })  # fmt: skip
    table.to_csv(tmp_path / "evs.csv", index=False)
    survey = read_survey(tmp_path / "evs.csv")
    assert survey.respondents("DEU") == rows
    assert survey.waves == {"DEU": ("2017-2018",), "GBR": ("2018",)}
    assert survey.respondents("GBR") == rows // 2
    assert any("2017 and 2018 are taken as one fieldwork of DEU" in note for note in survey.notes)
    later = read_survey(tmp_path / "evs.csv", waves=["2018"])
    assert later.respondents("DEU") == later.respondents("GBR") == rows // 2
