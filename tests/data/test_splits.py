"""What is held out stays out of reach."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.data.surveys import frame, write_sav
from value_personas.data import (
    Split,
    cultural_zone,
    load_codebook,
    read_survey,
    split_countries,
    split_questions,
    training_view,
)
from value_personas.signatures import LeakError, SurveyError

COUNTRIES = ("DEU", "SWE", "NLD", "VEN", "BRA", "CHL", "JPN", "CHN", "KEN", "EGY", "USA", "XNA")
QUESTIONS = [entry.question for entry in load_codebook("wvs7").questions.values()]


def test_zones() -> None:
    assert cultural_zone("VEN") == "Latin America"
    assert cultural_zone("XNA") is None
    split = split_countries(COUNTRIES, ["Latin America", "Confucian"])
    assert set(split.held_out) == {"VEN", "BRA", "CHL", "JPN", "CHN"}
    with pytest.raises(SurveyError, match="no country of zone 'Atlantis'"):
        split_countries(COUNTRIES, ["Atlantis"])


@given(share=st.floats(0.05, 0.8), seed=st.integers(0, 99))
def test_a_share_of_every_zone(share: float, seed: int) -> None:
    split = split_countries(COUNTRIES, share=share, seed=seed)
    assert set(split.training) | set(split.held_out) == set(COUNTRIES)
    assert not set(split.training) & set(split.held_out)
    assert split.held_out
    assert split == split_countries(COUNTRIES[::-1], share=share, seed=seed) or set(split.held_out) == set(
        split_countries(COUNTRIES[::-1], share=share, seed=seed).held_out
    )


def test_questions_by_topic_and_by_battery() -> None:
    assert set(split_questions(QUESTIONS, ["trust"]).held_out) == {"Q59", "Q61", "Q62", "Q63"}
    battery = {question.code: question.battery or question.code for question in QUESTIONS}
    for seed in range(20):
        split = split_questions(QUESTIONS, seed=seed)
        assert not {battery[code] for code in split.training} & {battery[code] for code in split.held_out}


@pytest.mark.parametrize("share", [0.0, 1.0, -1.0, 2.0])
def test_impossible_shares(share: float) -> None:
    with pytest.raises(SurveyError, match="between 0 and 1"):
        split_countries(COUNTRIES, share=share)


def test_a_split_needs_two_sides_and_no_overlap() -> None:
    with pytest.raises(SurveyError, match="each side"):
        split_countries(["VEN", "BRA"], ["Latin America"])
    with pytest.raises(LeakError, match="both training and held out"):
        Split(("DEU", "KEN"), ("KEN",))


def test_a_training_view_holds_training_cells_and_nothing_else(tmp_path: Path) -> None:
    survey = read_survey(write_sav(frame(200), tmp_path / "s.sav"))
    view = training_view(survey, ["DEU"], ["Q29", "Q49"])
    assert set(view.cells) == {("Q29", "DEU"), ("Q49", "DEU")}
    np.testing.assert_array_equal(view.distribution("Q29", "DEU"), survey.distribution("Q29", "DEU"))
    for question, country in (("Q29", "KEN"), ("Q1", "DEU")):
        with pytest.raises(LeakError, match="no training cell"):
            view.distribution(question, country)
    view.distribution("Q29", "DEU")[:] = 0.0  # a caller cannot spoil it
    np.testing.assert_array_equal(view.distribution("Q29", "DEU"), survey.distribution("Q29", "DEU"))
    assert not any(value is survey for value in vars(view).values())
