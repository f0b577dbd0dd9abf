"""The page of settings and the schema say what the models say, as do the files beside the recipes."""

import json
import re
import tomllib
from pathlib import Path
from urllib.parse import unquote, urlparse

import jsonschema
import pytest

from value_personas.experiments.recipe.loading import shipped_recipes
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.reference import printed_recipe, recipe_schema, settings_page

FOLDER = next(iter(shipped_recipes().values())).parent


def test_the_files_beside_the_recipes_are_what_the_command_prints() -> None:
    anew = "value-personas recipes --settings > experiments/recipes/README.md, likewise --schema"
    assert (FOLDER / "README.md").read_text(encoding="utf-8").rstrip() == settings_page().rstrip(), anew
    kept = json.loads((FOLDER / "recipe.schema.json").read_text(encoding="utf-8"))
    assert kept == recipe_schema(), anew


def test_every_setting_has_a_row_with_its_meaning() -> None:
    page = settings_page()
    for key in Recipe().flat():
        setting = key.rpartition(".")[2]
        (row, *_) = [line for line in page.splitlines() if line.startswith(f"| `{setting}` |")]
        assert len(re.split(r"(?<!\\)\|", row)) == 7, row
        assert len(row.split("|")[-2].split()) >= 2, row


def test_a_row_gives_type_default_and_range() -> None:
    page = settings_page()
    assert '| `design` | `systematic`, `random`, `all`, `marginal` | `"systematic"` |  | ' in page
    assert "| `max_missing` | number | `0.2` | ≥ 0, ≤ 1 | " in page
    assert "| `budget_calls` | whole number | `2000` | ≥ 1 | " in page


@pytest.mark.parametrize("name", sorted(shipped_recipes()))
def test_a_shipped_recipe_names_the_schema_and_keeps_to_it(name: str) -> None:
    path = shipped_recipes()[name]
    text = path.read_text(encoding="utf-8")
    assert text.startswith("#:schema recipe.schema.json\n")
    jsonschema.validate(tomllib.loads(text), recipe_schema())


def test_the_schema_refuses_what_the_recipe_refuses() -> None:
    for wrong in ({"profiles": {"m": 5}}, {"profiles": {"n": 0}}, {"seed": "one"}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, recipe_schema())


def test_a_printed_recipe_names_the_installed_schema() -> None:
    first, _, rest = printed_recipe(shipped_recipes()["quickstart"]).partition("\n")
    assert Path(unquote(urlparse(first.removeprefix("#:schema ")).path)).samefile(
        FOLDER / "recipe.schema.json"
    )
    assert tomllib.loads(rest)["name"] == "quickstart"
