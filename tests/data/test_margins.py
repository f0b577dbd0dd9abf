"""Shares from outside the survey bring the draws' weights to them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.data.surveys import frame, write_sav
from value_personas.data import (
    Margins,
    ProfileTable,
    read_margins,
    read_survey,
    sample_profiles,
    value_profiles,
)
from value_personas.signatures import SurveyError


@pytest.fixture
def profiles(tmp_path: Path) -> ProfileTable:
    table = frame(400)
    rng = np.random.default_rng(3)
    table["Q260"] = np.where(rng.random(400) < 0.35, 1.0, 2.0)  # a third are men, and some are unknown
    table.loc[:9, "Q260"] = -1.0
    return value_profiles(read_survey(write_sav(table, tmp_path / "s.sav")))


def margins(tmp_path: Path, country: str, men: float, category: str = "man") -> Path:
    rows = [(country, "sex", category, men), (country, "sex", "woman", 100 - men)]
    path = tmp_path / "census.csv"
    pd.DataFrame(rows, columns=["country", "variable", "category", "share"]).to_csv(path, index=False)
    return path


def men_of(profiles: ProfileTable, census: Margins | None) -> float:
    """The share of men among those drawn of whom it is known, under their weights."""
    drawn = sample_profiles(profiles, profiles.countries[0], 150, calibrate=True, margins=census)
    assert drawn.jackknife.shape == (20, 150)
    np.testing.assert_allclose(drawn.jackknife.sum(axis=1), 1.0)
    sex = profiles.demographics.loc[drawn.respondents, "sex"]
    known = sex.notna().to_numpy()
    return float(drawn.draw_weights[known] @ (sex[known] == "man") / drawn.draw_weights[known].sum())


def test_weights_bring_the_draws_to_the_census(profiles: ProfileTable, tmp_path: Path) -> None:
    census = read_margins(margins(tmp_path, profiles.countries[0], 49.0))
    assert men_of(profiles, None) < 0.43
    assert men_of(profiles, census) == pytest.approx(0.49, abs=0.03)


@pytest.mark.parametrize(
    ("men", "category", "said"),
    [(130.0, "man", "no number|sum to"), (49.0, "boy", "nobody of .* has sex = 'boy'")],
)
def test_what_does_not_fit_is_refused(
    men: float, category: str, said: str, profiles: ProfileTable, tmp_path: Path
) -> None:
    country = profiles.countries[0]
    with pytest.raises(SurveyError, match=said):
        sample_profiles(
            profiles,
            country,
            150,
            calibrate=True,
            margins=read_margins(margins(tmp_path, country, men, category)),
        )
