"""The calls that are shown: which they are, and that they are what was asked and said."""

from collections import Counter
from dataclasses import replace

import numpy as np
import pytest

from tests.experiments.small_runs import SMALL
from value_personas import load_recipe
from value_personas.experiments.fieldwork.asking import Asked
from value_personas.experiments.fieldwork.shown_calls import CALLS_SHOWN, choose_cells
from value_personas.experiments.progress.reporter import Silent
from value_personas.experiments.run.pipeline import carry_out
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs import REASONS
from value_personas.signatures import MissingReason

KINDS = 'personas=["country", "values-hedged", "values-verbatim", "values+demographic"]'


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> Asked:
    folder = tmp_path_factory.mktemp("shown")
    recipe = load_recipe(None, [f"workspace={folder}", *SMALL, KINDS])
    return carry_out(recipe, Workspace.open(folder), Silent()).asked


def test_calls_are_those_that_were_made(asked: Asked) -> None:
    questions = {q.code: q for q in asked.panels["values-hedged"].questions}
    texts = {persona.text for persona in asked.panels["values-hedged"].personas}
    calls = [call for call in asked.calls if call.name == "values-hedged" and not call.error]
    assert len(calls) > 15
    for call in calls:
        question = questions[call.tags["question"]]
        (system, instruction), (user, text) = call.messages
        assert (system, user) == ("system", "user")
        assert instruction.startswith("You are taking part in a survey")
        assert question.text in text
        assert any(persona in text for persona in texts)
        letters = dict(zip("ABCDEFGHJK", question.scale.labels, strict=False))
        read = {letters[token]: p for token, p in call.alternatives if token in letters}
        for option, p in call.answer.items():  # other spellings of a letter are few
            assert p == pytest.approx(read.get(option, 0) / sum(read.values()), abs=0.03)
        assert sum(call.answer.values()) == pytest.approx(1)
        assert call.reply
        assert call.input_tokens
        assert call.tags["engine"].startswith("synthetic/respondent")


def test_no_text_that_is_a_respondents_record_is_shown(asked: Asked) -> None:
    assert set(asked.panels) == {"country", "values-hedged", "values-verbatim", "values+demographic"}
    assert {call.name for call in asked.calls} == {"country", "values-hedged"}


def test_countries_and_questions_are_spread(asked: Asked) -> None:
    shown = Counter((call.name, call.tags["country"]) for call in asked.calls)
    assert len(shown) == 2 * 8
    assert max(shown.values()) <= 8
    assert {call.tags["question"] for call in asked.calls} == {"Q29", "Q185"}
    assert len(asked.calls) <= CALLS_SHOWN


def test_every_reason_for_a_missing_answer_is_shown_but_never_only_those(asked: Asked) -> None:
    panel = asked.panels["values-hedged"]
    missing = panel.missing.copy()
    missing[::2] = REASONS.index(MissingReason.REFUSED)
    missing[1, 0] = REASONS.index(MissingReason.TIMEOUT)
    gaps = {"a": replace(panel, missing=missing), "b": panel}
    cells = choose_cells(gaps)
    assert len(cells) == len(set(cells)) == CALLS_SHOWN
    found = Counter(int(gaps[kind].missing[row, column]) for kind, row, column in cells)
    assert found[REASONS.index(MissingReason.TIMEOUT)] == 1
    assert found[REASONS.index(MissingReason.REFUSED)] == 5
    assert found[-1] >= 40
    assert choose_cells(gaps) == cells


def test_where_all_are_missing_some_are_shown(asked: Asked) -> None:
    panel = asked.panels["country"]
    nothing = replace(panel, missing=np.zeros_like(panel.missing))
    assert 0 < len(choose_cells({"country": nothing})) <= 5
