"""Descriptors that a recipe freezes, and what is said where a model writes none."""

import asyncio
from pathlib import Path

import pytest
from dspy.lm15 import Request

from tests.fake_engines import RuleEngine
from value_personas import data, load_recipe
from value_personas.experiments.fieldwork.asking import write_descriptors
from value_personas.experiments.fieldwork.descriptors import reference_tables, rule_notes
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import prepare
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs.engines import InProcess, nobody
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.replies import MemoryStore
from value_personas.signatures import EngineError, RecipeError

ITEMS = data.load_instrument("inglehart-welzel").items
SMALL = ("survey.respondents=60", "profiles.n=2", 'questions.include=["Q29"]')


def written(tmp_path: Path, engine: RuleEngine, *settings: str) -> object:
    recipe = load_recipe(None, [f"workspace={tmp_path}", *SMALL, *settings])
    with Fieldwork(Workspace.open(tmp_path), nobody) as field:
        asking = prepare(field, recipe).asking
    model = Model("test/model", InProcess(engine), MemoryStore())
    told: list[tuple[str, int, int]] = []
    tables = asyncio.run(
        write_descriptors(asking, model, ("hedged", "unhedged"), lambda *one: told.append(one))
    )
    return tables, told


def test_the_reference_table_is_taken_without_a_call(tmp_path: Path) -> None:
    def fails(request: Request) -> tuple[str, None]:
        raise AssertionError("asked")

    for address, word in (("you", "You "), ("I", "I ")):
        settings = "descriptors.frozen=reference", f"descriptors.address={address}"
        tables, told = written(tmp_path, RuleEngine(fails), *settings)  # type: ignore[misc]
        assert {len(table.descriptors) for table in tables.values()} == {54}
        assert tables["unhedged"].text("A165", 1.0).startswith(word)
        assert tables["hedged"].text("A165", 1.0).startswith(tables["unhedged"].text("A165", 1.0))
        assert not told


def test_the_reference_table_says_what_it_lacks() -> None:
    with pytest.raises(RecipeError, match=r"one wording an answer, descriptors.wordings is 2"):
        reference_tables(ITEMS, ["hedged"], "you", 2)
    with pytest.raises(RecipeError, match=r"does not describe .* it has the items of the instrument"):
        reference_tables(data.load_instrument("schwartz").items, ["hedged"], "you")


def test_who_writes_nothing_is_told_with_a_reply(tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=r"for example \"I'm sorry, I can't\"; .*frozen = \"reference\""):
        written(tmp_path, RuleEngine(lambda request: ("I'm sorry, I can't", None)))


def test_a_broken_rule_is_told_once_with_a_text_that_breaks_it(tmp_path: Path) -> None:
    def numbers(request: Request) -> tuple[str, None]:
        text = (
            "You rate this\n7 of ten." if "never justifiable" in request.messages[-1].text else "You do so."
        )
        return text, None

    tables, _ = written(tmp_path, RuleEngine(numbers))  # type: ignore[misc]
    told = list(rule_notes(tables))
    assert [line.partition("; ")[0] for line in told] == [
        f"20 of 54 {variant} descriptors break a rule, it contains a number"
        for variant in ("hedged", "unhedged")
    ]
    assert all(line.endswith("; that of F118 = 1 is 'You rate this 7 of ten.'") for line in told)


def test_progress_is_told_for_each_variant(tmp_path: Path) -> None:
    _, told = written(tmp_path, RuleEngine(lambda request: ("You do.", None)))  # type: ignore[misc]
    assert told == [("hedged descriptors", 1, 54)] * 54 + [("unhedged descriptors", 1, 54)] * 54
