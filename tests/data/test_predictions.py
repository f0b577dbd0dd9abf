"""Predictions made elsewhere: long tables and the result tables of tools, read for a survey."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from value_personas.data import Survey, read_predictions, read_survey
from value_personas.signatures import SurveyError


@pytest.fixture
def survey(tmp_path: Path) -> Survey:
    """Q29 (four options) and Q33 (five) in Chile and Japan."""
    rows = [
        (country, code, letter, 1 / k)
        for country in ("Chile", "Japan")
        for code, k in (("Q29", 4), ("Q33", 5))
        for letter in "ABCDE"[:k]
    ]
    table = pd.DataFrame(rows, columns=["country", "question", "option", "share"])
    table.to_csv(tmp_path / "shares.csv", index=False)
    return read_survey(tmp_path / "shares.csv")


def written(tmp_path: Path, table: pd.DataFrame, name: str = "gpt.csv") -> list[Path]:
    table.to_csv(tmp_path / name, index=False)
    return [tmp_path / name]


def test_shares_by_words_scores_or_letters_of_options(tmp_path: Path, survey: Survey) -> None:
    words = survey.question("Q29").scale.labels
    rows = [("CHL", "Q29", words[0], 30), ("CHL", "Q29", words[3], 70), ("Japan", "q33", "b", 25.0)]
    rows += [("Japan", "q33", str(survey.question("Q33").scale.scores[4]), 75), ("Mars", "Q29", "A", 100)]
    table = pd.DataFrame(rows, columns=["country", "question", "option", "share"])
    (given,), notes = read_predictions(written(tmp_path, table), survey)
    assert (given.method, given.countries, given.draws) == ("gpt", ("CHL", "JPN"), 0)
    p = np.exp(given.log_p)
    np.testing.assert_allclose(p[0, 0, :4], [0.3, 0, 0, 0.7])
    np.testing.assert_allclose(p[1, 1], [0, 0.25, 0, 0, 0.75])
    assert np.isnan(p[0, 1]).all()
    assert np.isnan(p[1, 0]).all()
    assert any("Mars" in note for note in notes)


@pytest.mark.parametrize(
    ("option", "share", "said"),
    [
        ("A", 0.7, "CHL, Q29: shares sum to 1.2"),
        ("Z", 0.5, "'Z' is no option"),
        ("A", -1, "CHL, Q29: share '-1.0' is no number of 0 or more"),
    ],
)
def test_impossible_shares_are_refused(
    option: str, share: float, said: str, tmp_path: Path, survey: Survey
) -> None:
    table = pd.DataFrame(
        {"country": "CHL", "question": "Q29", "option": [option, "B"], "share": [share, 0.5]}
    )
    with pytest.raises(SurveyError, match=said):
        read_predictions(written(tmp_path, table), survey)


def single(people: int = 4) -> pd.DataFrame:
    rows = [
        (country, code, person, 1 + (person + len(code)) % 4)
        for country in ("CHL", "JPN")
        for code in ("Q29", "Q33")
        for person in range(people)
    ]
    return pd.DataFrame(rows, columns=["country", "question", "persona", "answer"])


def test_persons_who_were_all_asked_the_same_stand_alone(tmp_path: Path, survey: Survey) -> None:
    table = single().astype({"answer": object})
    table.loc[0, "answer"] = "I refuse"
    table.loc[1, "answer"] = "forty-two"
    table["weight"] = [2.0, 1.0, 1.0, 1.0] * 4
    (given,), _ = read_predictions(written(tmp_path, table), survey)
    assert given.countries == ("CHL",) * 4 + ("JPN",) * 4
    assert given.draws == 1
    assert given.missing == {(0, 0): "refused", (1, 0): "unparseable"}
    np.testing.assert_array_equal(given.weights, [2, 1, 1, 1] * 2)
    assert np.isnan(given.log_p[0, 0]).all()


def test_persons_who_were_asked_different_things_are_taken_together(tmp_path: Path, survey: Survey) -> None:
    (given,), notes = read_predictions(written(tmp_path, single().drop(index=3)), survey)
    assert given.countries == ("CHL", "JPN")
    assert given.draws == 0
    p = np.exp(given.log_p[0, 0, :4])
    expected = np.bincount(single().iloc[:3]["answer"] - 1, minlength=4) / 3
    np.testing.assert_allclose(p, expected)
    assert any("not all asked the same" in note for note in notes)


def test_a_cell_of_which_too_much_is_no_answer_is_not_estimated(tmp_path: Path, survey: Survey) -> None:
    table = single().drop(index=3).astype({"answer": object})
    table.loc[0, "answer"] = "no idea"
    for most, known in ((0.2, False), (0.4, True)):
        (given,), _ = read_predictions(written(tmp_path, table), survey, most)
        assert np.isnan(given.log_p[0, 0]).all() != known


def test_tables_of_tools_are_recognised(tmp_path: Path, survey: Survey) -> None:
    first = survey.question("Q29").scale.labels[0]
    edsl = pd.DataFrame(
        {"agent.country": ["Chile", "Japan"], "agent.agent_name": ["a", "b"], "model.model": ["m", "m"],
         "answer.Q29": ["A", "B"], "answer.Q29_comment": ["", ""], "answer.Q33": [1, 2]}
    )  # fmt: skip
    inspect = pd.DataFrame(
        {"eval_id": ["e", "e"], "sample_id": [1, 2], "model": ["m", "m"], "metadata_country": ["CHL", "JPN"],
         "metadata_question": ["Q29", "Q29"], "answer": ["A", "B"], "score_choice": ["C", "I"]}
    )  # fmt: skip
    qstn = pd.DataFrame(
        {"questionnaire_name": ["p", "q"], "questionnaire_item_id": ["Q29", "Q29"], "country": ["CHL", "JPN"],
         "question": ["How much?", "How much?"], "reasoning": ["", ""], "answer": [f"1: {first}", "2"]}
    )  # fmt: skip
    bench = pd.DataFrame(
        {"QUESTION_ID": ["Q29", "Q29"], "PARTICIPANT_ID": [152070001, 392070001], "SCORE": [1, 2]}
    )
    tables = {"EDSL": edsl, "inspect_ai": inspect, "QSTN": qstn, "WorldValuesBench": bench}
    for name, table in tables.items():
        (given,), notes = read_predictions(written(tmp_path, table), survey)
        assert any(name in note for note in notes)
        assert given.countries == ("CHL", "JPN")
        assert np.argmax(np.exp(given.log_p[:, 0, :4]), axis=1).tolist() == [0, 1], name


def test_marks_are_no_answers_and_probabilities_of_options_are_shares(tmp_path: Path, survey: Survey) -> None:
    """What scorers of inspect_ai give, and what QSTN makes of log-probabilities."""
    marks = pd.DataFrame(
        {"eval_id": ["e", "e"], "sample_id": [1, 2], "metadata_country": ["CHL", "JPN"],
         "metadata_question": ["Q29", "Q29"], "score_choice": ["C", "I"]}
    )  # fmt: skip
    with pytest.raises(SurveyError, match=r"score_choice holds marks .* and no answers"):
        read_predictions(written(tmp_path, marks), survey)
    rows = [("p", 0.7, 0.1), ("q", 0.5, 0.3)]
    qstn = pd.DataFrame(
        [(name, "Q29", "How much?", one, two, 0.2, 0.0, "CHL") for name, one, two in rows],
        columns=["questionnaire_name", "questionnaire_item_id", "question", "1", "2", "3", "4", "country"],
    )
    (given,), _ = read_predictions(written(tmp_path, qstn), survey)
    at = given.countries.index("CHL")
    np.testing.assert_allclose(np.exp(given.log_p[at, 0, :4]), [0.6, 0.2, 0.2, 0.0])


def test_one_method_in_two_tables_is_refused(tmp_path: Path, survey: Survey) -> None:
    table = single().assign(method="m")
    paths = written(tmp_path, table, "a.csv") + written(tmp_path, table, "b.csv")
    with pytest.raises(SurveyError, match="method 'm' is in another"):
        read_predictions(paths, survey)
    with pytest.raises(SurveyError, match="expected the columns country, question"):
        read_predictions(written(tmp_path, pd.DataFrame({"a": [1], "b": [2]})), survey)
