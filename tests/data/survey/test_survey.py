"""Distributions, weights, missing shares and joined files, against plain pandas."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.data.surveys import frame, weighted_shares, write_sav
from value_personas.data import Survey, read_survey, value_profiles
from value_personas.signatures import SurveyError


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    return frame(600, seed=3)


@pytest.fixture(scope="module")
def survey(table: pd.DataFrame, tmp_path_factory: pytest.TempPathFactory) -> Survey:
    return read_survey(write_sav(table, tmp_path_factory.mktemp("survey") / "s.sav"))


def test_distribution_is_the_weighted_share(survey: Survey, table: pd.DataFrame) -> None:
    for question in survey.questions:
        for country, code in (("DEU", 276), ("KEN", 404)):
            expected = weighted_shares(table, question.code, code, list(question.scale.scores))
            np.testing.assert_allclose(
                survey.distribution(question.code, country), expected, rtol=0, atol=1e-12
            )


def test_in_a_notebook_it_says_what_it_holds(survey: Survey) -> None:
    assert "2 countries" in repr(survey)
    assert "6 questions" in repr(survey)
    assert len(repr(survey)) < 200
    shown = survey._repr_html_()
    for country in survey.countries:
        assert f"<td>{country}</td>" in shown
        assert f"<td>{survey.respondents(country)}</td>" in shown
    profiles = value_profiles(survey)
    assert f"{len(profiles.frame):,} respondents" in repr(profiles)
    assert len(repr(profiles)) < 200
    assert all(f"<td>{code}</td>" in profiles._repr_html_() for code in profiles.frame)


def test_items_and_components_are_never_questions(survey: Survey) -> None:
    codes = {question.code for question in survey.questions}
    assert codes == {"Q1", "Q29", "Q49", "Q130", "Q177", "Q243"}
    assert {item.code for item in survey.items} == {
        "A008", "A165", "E018", "E025", "F063", "F118", "F120", "G006", "Y002", "Y003",
    }  # fmt: skip


def test_missing_shares_are_weighted_and_of_all_respondents(survey: Survey, table: pd.DataFrame) -> None:
    part = table[table["B_COUNTRY"] == 276]
    expected = part.loc[part["Q29"] == -1, "W_WEIGHT"].sum() / part["W_WEIGHT"].sum()
    assert survey.missing_share("Q29", "DEU") == pytest.approx({"dont_know": expected}, abs=1e-12)
    assert survey.missing_share("Q49", "DEU") == {}
    assert "not_applicable" in survey.missing_share("F118", "DEU")


def test_responses_are_what_the_distribution_is_made_of(survey: Survey) -> None:
    positions, weights = survey.responses("Q49", "KEN")
    shares = np.bincount(positions, weights, 10) / weights.sum()
    np.testing.assert_allclose(shares, survey.distribution("Q49", "KEN"), atol=1e-14)


def test_kish(survey: Survey, table: pd.DataFrame) -> None:
    weights = table.loc[table["B_COUNTRY"] == 404, "W_WEIGHT"]
    assert survey.effective_size("KEN") == pytest.approx(weights.sum() ** 2 / (weights**2).sum())
    assert survey.design_effect("KEN") == pytest.approx(1 + weights.var(ddof=0) / weights.mean() ** 2)


def test_country_by_code_or_name(survey: Survey) -> None:
    assert survey.country_name("KEN") == "Kenya"
    np.testing.assert_array_equal(survey.distribution("Q29", "Kenya"), survey.distribution("Q29", "KEN"))
    with pytest.raises(SurveyError, match="it holds DEU, KEN"):
        survey.distribution("Q29", "VEN")
    with pytest.raises(SurveyError, match="it holds Q1"):
        survey.distribution("Q7", "KEN")


def test_countries_can_be_chosen(table: pd.DataFrame, tmp_path: Path) -> None:
    path = write_sav(table, tmp_path / "s.sav")
    assert read_survey(path, countries=["Germany"]).countries == ("DEU",)
    with pytest.raises(SurveyError, match="Venezuela"):
        read_survey(path, countries=["Venezuela"])


def test_a_files_own_country_names_and_the_synthetic_mark(tmp_path: Path) -> None:
    table = frame(50, countries=(900,)).assign(SYNTHETIC=1.0, B_COUNTRY_ALPHA="XNA")
    survey = read_survey(write_sav(table, tmp_path / "s.sav"))
    assert survey.is_synthetic
    assert survey.countries == ("XNA",)
    assert survey.country_name("XNA") == "Nordhavia"


@pytest.mark.parametrize("weight", ["equal-country", "population"])
def test_weight_choices_scale_countries_and_keep_shares(
    weight: str, table: pd.DataFrame, tmp_path: Path
) -> None:
    population = np.where(table["B_COUNTRY"] == 276, 80.0, 50.0)
    path = write_sav(table.assign(PWGHT=population), tmp_path / "s.sav")
    plain, chosen = read_survey(path), read_survey(path, weight=weight)
    for country in plain.countries:
        np.testing.assert_allclose(
            plain.distribution("Q29", country), chosen.distribution("Q29", country), atol=1e-12
        )
    sums = np.bincount(chosen.country_index, chosen.weights)
    expected = [1000, 1000] if weight == "equal-country" else np.bincount(chosen.country_index, population)
    np.testing.assert_allclose(sums, expected)


def test_unusable_weights_are_counted_and_left_out(table: pd.DataFrame, tmp_path: Path) -> None:
    spoilt = table.copy()
    spoilt.loc[0:2, "W_WEIGHT"] = [0.0, -1.0, np.nan]
    survey = read_survey(write_sav(spoilt, tmp_path / "s.sav"))
    assert sum(survey.respondents(country) for country in survey.countries) == len(table) - 3
    text = " ".join(survey.notes)
    assert all(f"1 respondent(s) have a {kind} weight" in text for kind in ("zero", "negative", "missing"))
    expected = weighted_shares(spoilt, "Q29", 276, [1, 2, 3, 4])
    np.testing.assert_allclose(survey.distribution("Q29", "DEU"), expected, atol=1e-12)


@pytest.mark.parametrize("value", [0.0, np.nan, -1.0])
def test_a_country_without_a_usable_weight_is_refused(
    value: float, table: pd.DataFrame, tmp_path: Path
) -> None:
    spoilt = table.assign(W_WEIGHT=table["W_WEIGHT"].where(table["B_COUNTRY"] != 404, value))
    path = write_sav(spoilt, tmp_path / "s.sav")
    with pytest.raises(SurveyError, match="all weights of KEN"):
        read_survey(path)
    assert read_survey(path, countries=["DEU"]).countries == ("DEU",)
    assert read_survey(path, weight="unweighted").countries == ("DEU", "KEN")


def test_infinite_weights_and_unknown_choices_are_refused(table: pd.DataFrame, tmp_path: Path) -> None:
    spoilt = table.copy()
    spoilt.loc[0, "W_WEIGHT"] = np.inf
    spoilt.to_parquet(tmp_path / "s.parquet")
    with pytest.raises(SurveyError, match="infinite"):
        read_survey(tmp_path / "s.parquet")
    with pytest.raises(SurveyError, match="unknown weight 'best'"):
        read_survey(tmp_path / "s.parquet", weight="best")
    with pytest.raises(SurveyError, match="no population weight"):
        read_survey(write_sav(table, tmp_path / "t.sav"), weight="population")


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (1e200, "weight of 1e.200"),
        (1e-200, "weight of 1e-200"),
        ("1,5", "holds '1,5'"),
        ("abc", "holds 'abc'"),
    ],
)
def test_weights_that_are_none_are_refused(
    weight: object, message: str, table: pd.DataFrame, tmp_path: Path
) -> None:
    spoilt = table.assign(W_WEIGHT=table["W_WEIGHT"].astype(object))
    spoilt.loc[3, "W_WEIGHT"] = weight
    spoilt.assign(W_WEIGHT=spoilt["W_WEIGHT"].astype(str)).to_parquet(tmp_path / "s.parquet")
    with pytest.raises(SurveyError, match=message):
        read_survey(tmp_path / "s.parquet")


def test_population_weights_are_checked_as_others_are(table: pd.DataFrame, tmp_path: Path) -> None:
    population = pd.Series(80.0, index=table.index)
    population[0], population[1] = -1.0, np.nan
    table.assign(PWGHT=population).to_parquet(tmp_path / "s.parquet")
    chosen = read_survey(tmp_path / "s.parquet", weight="population")
    assert any("negative weight" in note and "population" in note for note in chosen.notes)
    table.assign(PWGHT=np.inf).to_parquet(tmp_path / "t.parquet")
    with pytest.raises(SurveyError, match="infinite"):
        read_survey(tmp_path / "t.parquet", weight="population")


def test_a_column_of_serial_numbers_is_no_country(tmp_path: Path) -> None:
    table = frame(600).assign(B_COUNTRY=np.arange(600) + 10_000)
    with pytest.raises(SurveyError, match=r"B_COUNTRY names 600 countries; expected at most 500"):
        read_survey(write_sav(table, tmp_path / "s.sav", labels={}))


def test_an_unweighted_file_says_so(table: pd.DataFrame, tmp_path: Path) -> None:
    survey = read_survey(write_sav(table.drop(columns="W_WEIGHT"), tmp_path / "s.sav"))
    assert survey.weighting == "unweighted"
    assert any("no weight column" in note for note in survey.notes)


def test_files_of_different_countries_join(table: pd.DataFrame, survey: Survey, tmp_path: Path) -> None:
    paths = [
        write_sav(table[table["B_COUNTRY"] == code].reset_index(drop=True), tmp_path / f"{code}.sav")
        for code in (404, 276)
    ]
    joined = read_survey(paths)
    assert joined.countries == survey.countries
    assert len(joined.sources) == 2
    for question in survey.questions:
        for country in survey.countries:
            np.testing.assert_allclose(
                joined.distribution(question, country), survey.distribution(question, country), atol=1e-12
            )


def test_a_question_that_one_file_lacks_was_not_asked_there(table: pd.DataFrame, tmp_path: Path) -> None:
    german = write_sav(table[table["B_COUNTRY"] == 276].reset_index(drop=True), tmp_path / "a.sav")
    kenyan = table[table["B_COUNTRY"] == 404].drop(columns="Q29").reset_index(drop=True)
    joined = read_survey([german, write_sav(kenyan, tmp_path / "b.sav")])
    assert joined.has_answers("Q29", "DEU")
    assert not joined.has_answers("Q29", "KEN")
    assert joined.missing_share("Q29", "KEN") == pytest.approx({"not_asked": 1.0})
    with pytest.raises(SurveyError, match="answered by no weighted respondent"):
        joined.distribution("Q29", "KEN")


def test_a_country_in_two_files_is_refused_unless_the_waves_differ(
    table: pd.DataFrame, tmp_path: Path
) -> None:
    first = write_sav(table, tmp_path / "a.sav")
    with pytest.raises(SurveyError, match=r"DEU is in .*a.sav and in .*b.sav.*twice"):
        read_survey([first, write_sav(table.iloc[:100], tmp_path / "b.sav")])
    later = write_sav(table.assign(A_YEAR=2022.0), tmp_path / "c.sav")
    joined = read_survey([first, later], waves=["all"])
    assert joined.waves["DEU"] == ("2018", "2022")
    assert any("pooled" in note for note in joined.notes)
    latest = read_survey([first, later])
    assert latest.waves["DEU"] == ("2022",)
    assert latest.respondents("DEU") == read_survey(later).respondents("DEU")
    assert any("DEU 2022 of 2018, 2022" in note for note in latest.notes)


def test_files_of_different_surveys_are_refused(table: pd.DataFrame, tmp_path: Path) -> None:
    trend = pd.DataFrame(
        {"S003": [276.0], "S017": [1.0], "S020": [2018.0], "F063": [4.0], "E018": [1.0], "A001": [1.0]}
    )
    trend.to_csv(tmp_path / "t.csv", index=False)
    with pytest.raises(SurveyError, match="different codes"):
        read_survey([write_sav(table, tmp_path / "a.sav"), tmp_path / "t.csv"])


def test_a_scale_asked_on_fewer_points_is_scored_as_it_was_asked(table: pd.DataFrame, tmp_path: Path) -> None:
    few = np.array([1.0, 3.0, 5.0, 8.0, 10.0])
    column = few[np.ceil(table["Q177"].to_numpy() / 2).astype(int) - 1]
    survey = read_survey(write_sav(table.assign(Q177=column), tmp_path / "s.sav"))
    assert survey.question("Q177").scale.scores == (1, 3, 5, 8, 10)
    assert survey.distribution("Q177", "DEU").shape == (5,)
    assert any("Q177: asked on 5 points, stored as 1, 3, 5, 8, 10" in note for note in survey.notes)
    half = np.where(table["B_COUNTRY"] == 276, column, table["Q177"])
    mixed = read_survey(write_sav(table.assign(Q177=half), tmp_path / "m.sav"))
    assert len(mixed.question("Q177").scale) == 10
    assert any("in DEU; compare with care" in note for note in mixed.notes)


def test_codes_off_the_scale_are_counted_and_noted(table: pd.DataFrame, tmp_path: Path) -> None:
    spoilt = table.copy()
    spoilt.loc[:99, "Q49"] = 77.0
    spoilt.loc[:99, "Q243"] = 0.0
    survey = read_survey(write_sav(spoilt, tmp_path / "s.sav"), weight="unweighted")
    shares = [
        survey.missing_share("Q49", country)["off_scale"] * survey.respondents(country)
        for country in survey.countries
    ]
    assert sum(shares) == pytest.approx(100)
    assert any(note.startswith("Q49: 100 of 600 answers are no option") for note in survey.notes)
    assert "spontaneous" in survey.missing_share("Q243", "DEU")


@pytest.mark.parametrize(
    ("options", "message"),
    [({"codebook": "nonsense"}, "unknown codebook"), ({"questions": ["Q999"]}, "not a target question"),
     ({"questions": ["Q199"]}, "not in the file"), ({"reverse": ["F999"]}, "cannot reverse"),
     ({"accept": ["F999"]}, "cannot accept"), ({"accept": ["E018"], "reverse": ["E018"]}, "choose one"),
     ({"codebook": "ess"}, "no country column")],
)  # fmt: skip
def test_impossible_wishes_are_refused(
    options: dict[str, object], message: str, table: pd.DataFrame, tmp_path: Path
) -> None:
    with pytest.raises(SurveyError, match=message):
        read_survey(write_sav(table, tmp_path / "s.sav"), **options)  # type: ignore[arg-type]


def test_reversing_a_question_turns_its_distribution(
    table: pd.DataFrame, survey: Survey, tmp_path: Path
) -> None:
    turned = read_survey(write_sav(table, tmp_path / "s.sav"), reverse=["Q49"])
    np.testing.assert_allclose(turned.distribution("Q49", "DEU"), survey.distribution("Q49", "DEU")[::-1])


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(seed=st.integers(0, 10_000), scale=st.floats(1e-3, 1e3), rows=st.integers(20, 80))
def test_order_of_rows_and_scale_of_weights_do_not_matter(
    seed: int, scale: float, rows: int, tmp_path: Path
) -> None:
    table = frame(rows, seed, countries=(276,))
    table.to_parquet(tmp_path / "a.parquet")
    shuffled = table.sample(frac=1.0, random_state=seed)
    shuffled.assign(W_WEIGHT=shuffled["W_WEIGHT"] * scale).to_parquet(tmp_path / "b.parquet")
    first, second = read_survey(tmp_path / "a.parquet"), read_survey(tmp_path / "b.parquet")
    for question in first.questions:
        shares = first.distribution(question, "DEU")
        assert shares.sum() == pytest.approx(1, abs=1e-12)
        np.testing.assert_allclose(shares, second.distribution(question, "DEU"), atol=1e-12)


_CELLS = st.one_of(
    st.none(), st.integers(-9, 12), st.floats(), st.text(max_size=4), st.sampled_from(["agree", "DEU"])
)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    rows=st.lists(
        st.fixed_dictionaries(dict.fromkeys(("B_COUNTRY", "W_WEIGHT", "Q29", "Q164", "Q8"), _CELLS)),
        min_size=1,
        max_size=8,
    )
)
def test_no_content_makes_a_traceback(rows: list[dict[str, object]], tmp_path: Path) -> None:
    table = pd.DataFrame(rows).assign(Q1=1, Q46=1, Q57=1, Q182=1)
    table.to_csv(tmp_path / "s.csv", index=False)
    try:
        survey = read_survey(tmp_path / "s.csv")
    except SurveyError:  # refused: anything else would escape and fail
        return
    for question in survey.questions:
        for country in survey.countries:
            if survey.has_answers(question, country):
                assert survey.distribution(question, country).sum() == pytest.approx(1)


@pytest.mark.shared
def test_questions_that_lost_their_labels_are_reversed_in_truth(shared_dir: Path) -> None:
    """Chile 2018 against the published shares of the same survey."""
    path = shared_dir / "surveys" / "moreno_clivagem_chile2018.sav"
    stored = read_survey(path, weight="unweighted")  # as the published shares are
    assert stored.unverified == {"C001", "C002", "E023", "F028"}
    turned = read_survey(path, weight="unweighted", reverse=sorted(stored.unverified))
    assert not turned.unverified
    published = read_survey(shared_dir / "surveys" / "wvs7_country_distributions.parquet")

    def shares(survey: Survey, code: str) -> list[float]:
        p = survey.distribution(code, "CHL")
        return [p[0], p[1], p[2]] if code != "F028" else [p[0], p[1], p[2], p[3] + p[4], *p[5:]]

    for code, same in (("C001", "Q33"), ("C002", "Q34"), ("F028", "Q171")):
        p = published.distribution(same, "CHL")
        truth = list(p) if code == "F028" else [p[0] + p[1], p[2], p[3] + p[4]]
        assert np.abs(np.subtract(shares(turned, code), truth)).max() < 0.02
        assert np.abs(np.subtract(shares(stored, code), truth)).max() > 0.1
