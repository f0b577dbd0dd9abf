"""A recipe beside its results: no password, and the same matter is known again."""

from pathlib import Path

import pytest

from value_personas import load_recipe
from value_personas.experiments.recipe.record import is_of_the_same, write_recipe


def test_no_password_is_written(tmp_path: Path) -> None:
    write_recipe(load_recipe("quickstart", ["store=postgresql://me:secret@host/answers"]), tmp_path)
    told = (tmp_path / "recipe.json").read_text(encoding="utf-8")
    assert "secret" not in told
    assert "me@host/answers" in told


@pytest.mark.parametrize(
    ("setting", "same"),
    [
        ("profiles.n=7", True),
        ("seed=3", True),
        ("survey.path=other.sav", False),
        ("profiles.instrument=schwartz", False),
        ("respondent.lm=openai/other", False),
    ],
)
def test_survey_instrument_and_model_make_the_matter(tmp_path: Path, setting: str, same: bool) -> None:
    write_recipe(load_recipe("quickstart"), tmp_path)
    assert is_of_the_same(load_recipe("quickstart", [setting]), tmp_path) is same


@pytest.mark.parametrize("text", [None, "no JSON", "[]", "{}"])
def test_a_folder_that_does_not_tell_is_of_something_else(tmp_path: Path, text: str | None) -> None:
    if text is not None:
        (tmp_path / "recipe.json").write_text(text, encoding="utf-8")
    assert not is_of_the_same(load_recipe("quickstart"), tmp_path)
