"""Which items a set names, and what a run with few of them asks."""

from pathlib import Path

import pandas as pd
import pytest

from tests.builders import question
from value_personas import data, load_recipe, run
from value_personas.experiments.recipe.items import ITEM_SETS, chosen_items
from value_personas.signatures import RecipeError

ITEMS = data.load_instrument("inglehart-welzel").items
CODEBOOK = data.load_codebook("wvs7")
QUESTIONS = [entry.question for entry in CODEBOOK.questions.values()]


def codes(wanted: str, asked: list[str]) -> list[str]:
    questions = [q for q in QUESTIONS if q.code in asked]
    return [item.code for item in chosen_items(wanted, ITEMS, questions)]  # type: ignore[arg-type]


def test_each_axis_has_its_five_items() -> None:
    assert codes("survival-self-expression", []) == ["A008", "A165", "E025", "F118", "Y002"]
    assert codes("traditional-secular", []) == ["E018", "F063", "F120", "G006", "Y003"]
    assert len(codes("all", [])) == 10


def test_near_items_depend_on_what_is_asked() -> None:
    assert len(codes("without-near", ["Q29"])) == 10
    assert codes("without-near", ["Q29", "Q49"]) == [i.code for i in ITEMS if i.code != "A008"]
    assert set(codes("all", [])) - set(codes("without-near", ["Q185"])) == {"F118", "F120"}
    near = [q.code for q in QUESTIONS if q.near]
    assert codes("without-near", near) == ["E018", "Y002", "Y003"]


def test_every_near_question_of_the_codebook_is_near_to_an_item() -> None:
    listed = {ivs for item in ITEMS for ivs in item.near}
    assert {q.ivs for q in QUESTIONS if q.near} == listed


def test_a_set_that_leaves_nothing_or_names_a_stranger_is_refused() -> None:
    with pytest.raises(RecipeError, match="no item 'F999'; there are A008"):
        chosen_items(("F063", "F999"), ITEMS, [question()])
    with pytest.raises(RecipeError, match="leaves no item"):
        chosen_items("survival-self-expression", ITEMS[2:3], [question()])
    with pytest.raises(RecipeError, match=r"profiles\.items"):
        load_recipe("quickstart", ["profiles.items=axis"])
    for name in ITEM_SETS:
        assert load_recipe("quickstart", [f"profiles.items={name}"]).profiles.items == name


def test_a_run_tells_of_the_chosen_items_alone(tmp_path: Path) -> None:
    small = ("survey.respondents=150", "profiles.n=6", "scoring.draws=200", "scoring.floor_draws=20")
    settings = ['questions.include=["Q29"]', 'personas=["values-hedged"]', "scoring.persona_draws=0", *small]
    result = run(
        load_recipe("quickstart", [f"workspace={tmp_path}", *settings, 'profiles.items=["F063", "A008"]'])
    )
    assert set(pd.read_csv(result.folder / "descriptors.csv")["item"]) == {"F063", "A008"}
    assert any("personas tell of 2 of 10 items: A008, F063" in note for note in result.notes)
