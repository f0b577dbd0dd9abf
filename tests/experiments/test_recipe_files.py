from pathlib import Path

import pytest

from experiments.config import Recipe
from experiments.recipe_files import load_recipe, shipped_recipes
from signatures import RecipeError


def write(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "own.toml"
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize("name", sorted(shipped_recipes()))
def test_every_shipped_recipe_is_valid(name: str) -> None:
    assert load_recipe(name).name


def test_the_quickstart_is_the_default() -> None:
    assert load_recipe() == load_recipe("quickstart")


def test_overrides_win_and_are_typed() -> None:
    recipe = load_recipe(
        None,
        [
            "profiles.n=7",
            "respondent.lm=openai/my-model",
            "respondent.base_url=http://127.0.0.1:8000/v1",
            'personas=["country"]',
            "respondent.elicitation.mode=sampled",
        ],
    )
    assert recipe.profiles.n == 7
    assert recipe.respondent.lm == "openai/my-model"
    assert recipe.personas == ("country",)
    assert recipe.respondent.elicitation.mode == "sampled"


def test_a_setting_can_be_taken_away(tmp_path: Path) -> None:
    own = write(tmp_path, 'extends = "quickstart"\n[scoring]\ngap_reference = "XNA"\n[profiles]\nn = 7\n')
    assert load_recipe(own).scoring.gap_reference == "XNA"
    recipe = load_recipe(own, ["scoring.gap_reference=", "profiles.n=", "personality.path="])
    assert (recipe.scoring.gap_reference, recipe.profiles.n) == (None, Recipe().profiles.n)
    with pytest.raises(RecipeError, match=r"unknown key profiles\.m; did you mean profiles\.n"):
        load_recipe(own, ["profiles.m="])


def test_paths_are_relative_to_the_recipe(tmp_path: Path) -> None:
    recipe = load_recipe(write(tmp_path, '[survey]\npath = "wvs.sav"\n'))
    assert recipe.survey.path == str(tmp_path / "wvs.sav")


@pytest.mark.parametrize(
    ("override", "message"),
    [
        ("profiles.m=7", r"unknown key profiles\.m; did you mean profiles\.n\?"),
        ("profile.n=7", r"unknown key profile; did you mean profiles\?"),
        ("profiles.n=many", r"profiles\.n: .* got 'many'"),
        ("profiles.n=0", r"profiles\.n: .* got 0"),
        ("personas=[]", "at least one persona kind"),
        ('personas=["valuez"]', r"unknown persona kind 'valuez'; did you mean values"),
        ("calibration.temperature=0", r"calibration\.temperature"),
        ("seed", "expected key=value"),
        ("seed.inner=1", "seed is a value, not a table"),
        (
            "respondent.api_key=secret",
            r"unknown key respondent\.api_key; did you mean respondent\.api_key_env",
        ),
    ],
)
def test_bad_overrides_are_one_clear_line(override: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        load_recipe(None, [override])
    assert "\n" not in str(caught.value)


def test_a_key_typed_into_an_address_is_not_repeated() -> None:
    with pytest.raises(RecipeError, match="must not carry a credential") as caught:
        load_recipe(None, ["respondent.base_url=http://user:sk-secret@127.0.0.1/v1"])
    assert "sk-secret" not in str(caught.value)


@pytest.mark.parametrize("text", ["name = ", "[survey\n", "\x00", 'name = "a"\nname = "b"'])
def test_what_is_no_toml_is_refused(tmp_path: Path, text: str) -> None:
    with pytest.raises(RecipeError, match="not valid TOML"):
        load_recipe(write(tmp_path, text))


def test_a_missing_file_names_the_shipped_recipes(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="quickstart"):
        load_recipe(tmp_path / "none.toml")


def test_flat_keys_are_those_of_set() -> None:
    flat = Recipe().flat()
    assert flat["respondent.elicitation.min_label_mass"] == 0.5
    assert load_recipe(None, [f"{key}={value}" for key, value in {"profiles.n": 3}.items()]).profiles.n == 3
