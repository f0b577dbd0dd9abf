"""Value profiles, the two composites and the cultural map."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.data.surveys import frame, write_sav
from value_personas.data import (
    ProfileTable,
    cultural_map,
    read_survey,
    value_profiles,
)
from value_personas.data.countries import published_map
from value_personas.signatures import SurveyError

SHARED = pytest.mark.shared
VENEZUELA = "F00011820-WVS_Wave_7_Venezuela_Excel_v3.0.xlsx"
PLAIN = pytest.mark.filterwarnings("ignore:Workbook contains no default style:UserWarning")


def profiles_of(table: pd.DataFrame, path: Path) -> ProfileTable:
    return value_profiles(read_survey(write_sav(table, path)))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [(1, 3, 1), (3, 1, 1), (2, 4, 3), (4, 2, 3), (1, 2, 2), (4, 3, 2), (-1, 2, np.nan), (1, -2, np.nan)],
)
def test_post_materialism(first: float, second: float, expected: float, tmp_path: Path) -> None:
    table = frame(40).assign(Q154=float(first), Q155=float(second))
    table.loc[0, ["Q154", "Q155"]] = [1.0, 3.0]  # someone has answered
    built = profiles_of(table, tmp_path / "s.sav").frame["Y002"].to_numpy()
    np.testing.assert_array_equal(built[1:], np.full(39, expected))


@pytest.mark.parametrize(
    ("answers", "expected"),  # independence, determination, religious faith, obedience: 1 mentioned, 2 not
    [((1, 1, 2, 2), 2), ((2, 2, 1, 1), -2), ((1, 2, 1, 1), -1), ((1, 1, 1, 1), 0), ((1, -1, 2, 2), np.nan)],
)
def test_autonomy_index(answers: tuple[float, ...], expected: float, tmp_path: Path) -> None:
    table = frame(40)
    table.loc[1:, ["Q8", "Q14", "Q15", "Q17"]] = [float(a) for a in answers]
    built = profiles_of(table, tmp_path / "s.sav").frame["Y003"].to_numpy()
    np.testing.assert_array_equal(built[1:], np.full(39, expected))


def test_a_files_own_autonomy_index_keeps_its_negative_answers(tmp_path: Path) -> None:
    values = np.resize([-2.0, -1.0, 0.0, 1.0, 2.0, -5.0, np.nan], 70)
    path = write_sav(
        frame(70).assign(Y003=values), tmp_path / "s.sav", missing_ranges={"Y003": [{"lo": -99, "hi": -1}]}
    )
    survey = read_survey(path, weight="unweighted")
    counts = value_profiles(survey).frame["Y003"].value_counts().to_dict()
    assert counts == {-2.0: 10, -1.0: 10, 0.0: 10, 1.0: 10, 2.0: 10}
    assert set(survey.missing_share("Y003", "DEU")) <= {"other_missing", "system_missing"}


def test_pride_code_five_is_missing(tmp_path: Path) -> None:
    table = frame(60)
    table.loc[:9, "Q254"] = 5.0
    assert profiles_of(table, tmp_path / "s.sav").frame["G006"].isna().sum() == 10


def test_respondents_with_missing_items_are_counted(tmp_path: Path) -> None:
    table = frame(100, seed=9)
    columns = ["Q46", "Q57", "Q45", "Q209", "Q164", "Q182", "Q184", "Q254"]
    table[columns] = table[columns].clip(lower=1.0)
    table.loc[:4, "Q57"] = -1.0
    table.loc[5:7, ["Q57", "Q45", "Q209", "Q164", "Q182", "Q184"]] = -1.0
    profiles = profiles_of(table, tmp_path / "s.sav")
    assert profiles.missing_counts == {0: 92, 1: 5, 6: 3}
    assert profiles.dropped == 3
    assert len(profiles.frame) == 97
    assert list(profiles.frame.index) == [i for i in range(100) if i not in (5, 6, 7)]
    assert profiles.weight.index.equals(profiles.frame.index)


def test_an_instrument_that_the_file_lacks_is_refused(tmp_path: Path) -> None:
    survey = read_survey(write_sav(frame(40), tmp_path / "s.sav"))
    with pytest.raises(SurveyError, match="no item of instrument schwartz"):
        value_profiles(survey, "schwartz")
    with pytest.raises(SurveyError, match="unknown instrument 'enneagram'"):
        value_profiles(survey, "enneagram")


def test_portrait_items_and_personality_of_wave_6(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    names = ["V70", "V71", "V72", "V73", "V74B", "V75", "V76", "V77", "V78", "V79"]
    table = pd.DataFrame({name: rng.integers(1, 7, 50).astype(float) for name in names})
    table = table.assign(
        V2=276.0, V4=1.0, V10=2.0, V24=1.0, V152=5.0, V203=4.0, V211=2.0, V258=1.0, V160A=5.0, V160F=2.0
    )
    survey = read_survey(write_sav(table, tmp_path / "s.sav"))
    assert survey.codebook_name == "wvs6"
    portrait = value_profiles(survey, "schwartz")
    assert len(portrait.items) == 10
    np.testing.assert_array_equal(portrait.frame["ipcrtiv"], table["V70"])
    assert (survey.demographics["extraversion"] == -3).all()


def test_the_cultural_map_by_hand(tmp_path: Path) -> None:
    profiles = profiles_of(frame(400, seed=2), tmp_path / "s.sav")
    # Published constants: means, deviations and score weights, then the official slopes and intercepts.
    order = ["F063", "Y003", "F120", "G006", "E018", "Y002", "A008", "F118", "E025", "A165"]
    mean = [7.083, 0.161, 3.772, 1.600, 1.541, 1.801, 1.913, 3.721, 2.078, 1.722]
    sd = [3.228, 1.136, 2.973, 0.755, 0.732, 0.623, 0.721, 3.272, 0.829, 0.448]
    x = [-0.13882, 0.13034, 0.21457, -0.15481, -0.01435, 0.19969, -0.35519, 0.29348, -0.30670, -0.28103]
    y = [-0.24612, 0.19628, 0.17127, 0.44677, 0.28079, -0.03916, 0.45377, 0.05627, 0.08819, 0.14930]
    found = cultural_map(profiles).set_index("country")
    for country in ("DEU", "KEN"):
        table, weight = profiles.of(country)
        means = np.array([np.ma.average(np.ma.masked_invalid(table[code]), weights=weight) for code in order])
        score = (means - mean) / sd
        assert found.loc[country, "survival_self_expression"] == pytest.approx(
            1.81 * (score @ x) + 0.038, abs=5e-3
        )
        assert found.loc[country, "traditional_secular"] == pytest.approx(1.61 * (score @ y) - 0.1, abs=5e-3)


def test_no_map_without_all_items(tmp_path: Path) -> None:
    profiles = profiles_of(frame(60).drop(columns="Q46"), tmp_path / "s.sav")
    assert profiles.absent == ("A008",)
    assert any("A008" in note for note in profiles.notes)
    with pytest.raises(SurveyError, match="lacks A008"):
        cultural_map(profiles)


@SHARED
def test_venezuela_lands_at_its_published_place(shared_dir: Path) -> None:
    profiles = value_profiles(read_survey(shared_dir / "surveys" / VENEZUELA))
    row = cultural_map(profiles).iloc[0]
    assert row["country"] == "VEN"
    assert row["survival_self_expression"] == pytest.approx(-0.493, abs=0.05)
    assert row["traditional_secular"] == pytest.approx(-0.962, abs=0.05)


@SHARED
@PLAIN
@pytest.mark.slow
def test_built_composites_equal_the_published_ones(shared_dir: Path, tmp_path: Path) -> None:
    table = pd.read_excel(shared_dir / "surveys" / VENEZUELA).rename(columns=lambda name: name.split(":")[0])
    table = table.drop(columns=["version", "doi"])
    table.to_csv(tmp_path / "with.csv", index=False)
    table.drop(columns=["Y002", "Y003"]).to_csv(tmp_path / "without.csv", index=False)
    read = value_profiles(read_survey(tmp_path / "with.csv")).frame
    built = value_profiles(read_survey(tmp_path / "without.csv")).frame
    pd.testing.assert_frame_equal(read[["Y002", "Y003"]], built[["Y002", "Y003"]])
    assert (read["Y003"] < 0).mean() > 0.4


@SHARED
def test_the_shipped_centroids_are_the_published_ones(shared_dir: Path) -> None:
    published = pd.read_csv(shared_dir / "cultural_map" / "country_centroids.csv")
    shipped = {point.country: point for point in published_map().values()}
    assert len(shipped) == len(published)
    for row in published.itertuples():
        assert shipped[row.country].survival_self_expression == row[3]
        assert shipped[row.country].traditional_secular == row[4]
        assert shipped[row.country].zone == row.region
