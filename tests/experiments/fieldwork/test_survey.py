"""What a recipe's survey must be before anything is asked."""

from pathlib import Path

import pandas as pd
import pytest

from value_personas.experiments.fieldwork.survey import open_survey
from value_personas.experiments.recipe.survey import QuestionSection, SurveySection
from value_personas.experiments.workspace.folders import Workspace
from value_personas.signatures import SurveyError

CODEBOOK = """
[survey]
name = "own"
title = "own"
[design]
country_is = "NZL"
[scales]
party = { labels = ["left party", "green party", "farmers"], codes = [1, 2, 3] }
[questions]
Q1 = { text = "Which party you voted for", scale = "party", topic = "nominal" }
Q2 = { text = "Another", scale = "party", topic = "other" }
"""


def test_answers_in_no_order_are_refused_and_not_scored_as_ordered(tmp_path: Path) -> None:
    pd.DataFrame({"Q1": [1, 2, 3] * 10, "Q2": [1, 2, 3] * 10}).to_csv(tmp_path / "s.csv", index=False)
    (tmp_path / "own.toml").write_text(CODEBOOK, encoding="utf-8")
    section = SurveySection(path=str(tmp_path / "s.csv"), codebook=str(tmp_path / "own.toml"))
    workspace = Workspace.open(tmp_path / "w")
    for questions in (QuestionSection(), QuestionSection(include=("Q1", "Q2"))):
        with pytest.raises(SurveyError, match=r"the answers of Q1 stand in no order \(topic nominal\)"):
            open_survey(section, questions, 0, workspace)
    kept = open_survey(section, QuestionSection(include=("Q2",)), 0, workspace)
    assert [question.code for question in kept.questions] == ["Q2"]
