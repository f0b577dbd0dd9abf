"""Published distributions have the face of a survey."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from value_personas.data import load_codebook, read_survey
from value_personas.data.countries import country_alpha3
from value_personas.signatures import SurveyError


def table() -> pd.DataFrame:
    rows = [
        ("Macao SAR", "Q29", letter, pct)
        for letter, pct in zip("ABCD", (10.0, 20.0, 30.0, 40.0), strict=True)
    ]
    return pd.DataFrame([*rows, ("Germany", "Q57", "A", 100.0)], columns=["country", "qid", "opt", "pct"])


def test_shares_in_the_order_of_the_options(tmp_path: Path) -> None:
    table().sample(frac=1, random_state=1).to_parquet(tmp_path / "d.parquet")
    published = read_survey(tmp_path / "d.parquet")
    assert published.countries == ("MAC",)
    assert [question.code for question in published.questions] == ["Q29"]  # Q57 is an item, no target
    np.testing.assert_allclose(published.distribution("Q29", "MAC"), [0.1, 0.2, 0.3, 0.4])
    with pytest.raises(SurveyError, match="country 'DEU' is not in"):
        published.distribution("Q29", "DEU")


@pytest.mark.parametrize(
    ("column", "value", "message"),
    [
        ("opt", "E", "none of the 4"),
        ("opt", "B", "stands twice"),
        ("pct", 50.0, "sum to"),
        ("pct", -10.0, "Q29 in MAC: share .*-10.0.* is no number of 0 or more"),
    ],
)
def test_bad_tables_are_refused(column: str, value: object, message: str, tmp_path: Path) -> None:
    spoilt = table()
    spoilt.loc[0, column] = value
    spoilt.to_parquet(tmp_path / "d.parquet")
    with pytest.raises(SurveyError, match=message):
        read_survey(tmp_path / "d.parquet")
    table().drop(columns="pct").to_parquet(tmp_path / "e.parquet")
    with pytest.raises(SurveyError, match="columns are those of no known survey"):
        read_survey(tmp_path / "e.parquet")


@pytest.mark.shared
def test_the_published_wave_7(shared_dir: Path) -> None:
    published = read_survey(shared_dir / "surveys" / "wvs7_country_distributions.parquet")
    assert len(published.countries) == 46
    assert len(published.questions) == 55
    raw = pd.read_parquet(shared_dir / "surveys" / "wvs7_country_distributions.parquet")
    table = raw.pivot(index=["qid", "country"], columns="opt", values="pct").fillna(0.0)
    names = {name: country_alpha3(name) for name in raw["country"].unique()}
    assert None not in names.values()
    cells = 0
    for code in (question.code for question in published.questions):
        part = table.loc[code]
        options = list("ABCDEFGHIJ"[: len(published.question(code).scale)])
        for name, shares in zip(part.index, part[options].to_numpy(), strict=True):
            np.testing.assert_allclose(
                published.distribution(code, names[name]), shares / shares.sum(), rtol=0, atol=1e-12
            )
            cells += 1
    targets = raw[raw["qid"].isin(list(load_codebook("wvs7").questions))]
    assert cells == targets.groupby(["qid", "country"]).ngroups
    assert cells > 2000


def long_table() -> pd.DataFrame:
    """Two questions of no codebook in two countries and a place that is none, counted or not."""
    rows = [
        ("Germany", "parks", "none at all", 2.0),
        ("Germany", "parks", "some", 5.0),
        ("Germany", "parks", "plenty", 1.0),
        ("Germany", "parks", "Don't know", 2.0),
        ("Japan", "parks", "some", 4.0),
        ("Japan", "parks", "none at all", 12.0),
        ("Utopia", "trams", "yes", 3.0),
        ("Utopia", "trams", "no", 1.0),
    ]
    return pd.DataFrame(rows, columns=["country", "question", "option", "count"])


def test_a_table_names_its_own_questions_and_counts_missing_answers(tmp_path: Path) -> None:
    long_table().to_csv(tmp_path / "counts.csv", index=False)
    survey = read_survey(tmp_path / "counts.csv")
    assert not survey.has_respondents
    assert survey.countries == ("DEU", "JPN", "Utopia")
    assert survey.question("parks").scale.labels == ("none at all", "some", "plenty")
    assert survey.question("parks").scale.scores == (1, 2, 3)
    np.testing.assert_allclose(survey.distribution("parks", "DEU"), [0.25, 0.625, 0.125])
    np.testing.assert_allclose(survey.distribution("parks", "Japan"), [0.75, 0.25, 0.0])
    assert survey.missing_share("parks", "DEU") == {"dont_know": 0.2}
    assert [survey.answered("parks", c) for c in survey.countries] == [8, 16, 0]
    assert not survey.has_answers("trams", "DEU")
    assert read_survey(tmp_path / "counts.csv", countries=["JPN"], questions=["parks"]).countries == ("JPN",)


def test_options_without_words_of_their_own_are_called_as_they_are_written(tmp_path: Path) -> None:
    rows = [("DEU", "X1", "rarely", 10.0), ("DEU", "X1", "often", 60.0), ("DEU", "X1", "don't know", 30.0)]
    frame = pd.DataFrame(rows, columns=["country", "qid", "opt", "pct"])
    for labels in ([None] * 3, ["", " ", ""], [None, "often", None]):
        frame.assign(label=labels).to_csv(tmp_path / "d.csv", index=False)
        published = read_survey(tmp_path / "d.csv")
        assert published.question("X1").scale.labels == ("rarely", "often")
        np.testing.assert_allclose(published.distribution("X1", "DEU"), [1 / 7, 6 / 7])


def test_answers_behind_shares_come_to_them_exactly_and_are_as_many(tmp_path: Path) -> None:
    shares = pd.DataFrame({"country": "Chile", "question": "q", "option": list("abcde"), "n": 37})
    shares["share"] = [0.4999, 0.0001, 0.25, 0.25, 0.0]
    shares.to_csv(tmp_path / "s.csv", index=False)
    survey = read_survey(tmp_path / "s.csv")
    positions, weights = survey.responses("q", "CHL")
    assert len(positions) in (37, 38)  # the option of one in ten thousand is somebody's too
    np.testing.assert_allclose(
        np.bincount(positions, weights, 5) / weights.sum(), shares["share"], atol=1e-12
    )
    shares.drop(columns="n").to_csv(tmp_path / "s.csv", index=False)
    survey = read_survey(tmp_path / "s.csv")
    assert len(survey.responses("q", "CHL")[0]) == 0
    assert any("no noise floor is known" in note for note in survey.notes)


def test_one_country_by_two_names_is_refused(tmp_path: Path) -> None:
    table = long_table().replace({"Utopia": "Deutschland"})
    table.loc[table["country"] == "Deutschland", "country"] = "DEU"
    table.to_csv(tmp_path / "s.csv", index=False)
    with pytest.raises(SurveyError, match="'Germany' and 'DEU' are both DEU"):
        read_survey(tmp_path / "s.csv")


def test_what_is_not_in_a_table_is_refused_with_what_is_there(tmp_path: Path) -> None:
    table().to_parquet(tmp_path / "d.parquet")
    with pytest.raises(SurveyError, match="country 'Chile' is not in the table; there are MAC"):
        read_survey(tmp_path / "d.parquet", countries=["Chile"])
    with pytest.raises(SurveyError, match="no question 'Q1'; there are Q29"):
        read_survey(tmp_path / "d.parquet", questions=["Q1"])


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"reverse": ["Q29"]}, "reverse"),
        ({"waves": ["7"], "country_is": "FRA"}, "waves and country_is"),
        ({"weight": "population"}, "weight"),
    ],
)
def test_what_needs_respondents_is_not_passed_over(settings: Any, named: str, tmp_path: Path) -> None:
    table().to_parquet(tmp_path / "d.parquet")
    with pytest.raises(SurveyError, match=f"no respondent, so that {named} cannot be applied"):
        read_survey(tmp_path / "d.parquet", **settings)


def test_a_question_that_nobody_asks_for_stops_no_table(tmp_path: Path) -> None:
    rows = [("Chile", "a", "yes", 0.5), ("Chile", "a", "no", 0.5), ("Chile", "b", "only", 1.0)]
    path = tmp_path / "own.csv"
    pd.DataFrame(rows, columns=["country", "question", "option", "share"]).to_csv(path, index=False)
    with pytest.raises(SurveyError, match="b: its options make no scale"):
        read_survey(path)
    assert [question.code for question in read_survey(path, questions=["a"]).questions] == ["a"]
