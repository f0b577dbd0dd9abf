"""Published data sets of shares: small invented files of the same layout are read as surveys."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from value_personas.data import read_survey
from value_personas.signatures import SurveyError


def test_global_opinion_qa(tmp_path: Path) -> None:
    chosen = (
        "defaultdict(<class 'list'>, {'Belgium': [0.21, 0.29, 0.4, 0.1], 'S. Utopia': [0.5, 0.5, 0.0, 0.0]})"
    )
    pd.DataFrame(
        {
            "question": ["How free is the press?", "Is it good?"],
            "selections": [chosen, "{'Belgium': [0.6, 0.4]}"],
            "options": ["['Very free', 'Rather free', 'Not free', \"Don't know\"]", "['Yes', 'No']"],
            "source": ["GAS", "WVS"],
        }
    ).to_csv(tmp_path / "global_opinions.csv", index=False)
    survey = read_survey(tmp_path / "global_opinions.csv")
    assert survey.countries == ("BEL", "S. Utopia")
    assert [question.code for question in survey.questions] == ["GAS1", "WVS2"]
    assert survey.question("GAS1").text == "How free is the press?"
    assert survey.question("GAS1").scale.labels == ("Very free", "Rather free", "Not free")
    np.testing.assert_allclose(survey.distribution("GAS1", "BEL"), np.array([0.21, 0.29, 0.4]) / 0.9)
    assert survey.missing_share("GAS1", "BEL") == {"dont_know": pytest.approx(0.1)}


def test_global_opinion_qa_executes_nothing(tmp_path: Path) -> None:
    pd.DataFrame(
        {
            "question": ["?"],
            "selections": ["{'Chile': [__import__('os').getpid()]}"],
            "options": ["['a', 'b']"],
            "source": ["GAS"],
        }
    ).to_csv(tmp_path / "g.csv", index=False)
    with pytest.raises(SurveyError, match="question 1: expected a list or a mapping"):
        read_survey(tmp_path / "g.csv")


def test_sim_bench(tmp_path: Path) -> None:
    text = "Do you trust people?\nOptions:\n(A): Always\n(B): Never"
    pd.DataFrame(
        {
            "dataset_name": ["ISSP", "ISSP", "ISSP"],
            "group_prompt_template": ["You are from {country}."] * 3,
            "group_prompt_variable_map": [
                "{'country': 'Chile'}",
                "{'country': 'Japan', 'sex': 'male'}",
                "{}",
            ],
            "input_template": [text, text, "Rate it.\n(A): 1\n(B): 2\n(C): 3"],
            "human_answer": ["{'A': 0.75, 'B': 0.25}", '{"A": 0.1, "B": 0.9}', "{'A': 0.2, 'C': 0.8}"],
            "group_size": [400, 30, 1000],
        }
    ).to_csv(tmp_path / "SimBenchPop.csv", index=False)
    survey = read_survey(tmp_path / "SimBenchPop.csv")
    assert survey.countries == ("CHL", "Japan, male", "everybody in ISSP")
    assert survey.question("ISSP-1").scale.labels == ("Always", "Never")
    assert survey.question("ISSP-1").text == "Do you trust people?"
    np.testing.assert_allclose(survey.distribution("ISSP-1", "CHL"), [0.75, 0.25])
    assert survey.answered("ISSP-1", "Japan, male") == 30


def test_world_values_bench(tmp_path: Path) -> None:
    pd.DataFrame(
        {
            "D_INTERVIEW": [156070001, 156070002, 156070003, 36071441, 36071442],
            "Q1": [1, 1, 2, 1, None],
            "Q2": [2, 3, 3, None, None],
            "Q29": [1, 4, 4, 3, 3],
        }
    ).to_csv(tmp_path / "full_value_qa.tsv", sep="\t", index=False)
    survey = read_survey(tmp_path / "full_value_qa.tsv")
    assert survey.countries == ("AUS", "CHN")
    assert survey.codebook_name == "wvs7"
    np.testing.assert_allclose(survey.distribution("Q29", "CHN"), [1 / 3, 0, 0, 2 / 3])
    assert survey.answered("Q1", "AUS") == 1


def test_a_data_set_is_read_in_the_encoding_that_is_named(tmp_path: Path) -> None:
    row = ["Zufrieden?", "{'Türkiye': [0.5, 0.5]}", "['Völlig', 'Überhaupt nicht']", "GAS"]
    table = pd.DataFrame([row], columns=["question", "selections", "options", "source"])
    table.to_csv(tmp_path / "g.csv", index=False, encoding="iso8859-9")
    survey = read_survey(tmp_path / "g.csv", encoding="iso8859-9")
    assert survey.countries == ("TUR",)
    assert survey.questions[0].scale.labels == ("Völlig", "Überhaupt nicht")
