"""Settings as a study suggests them: whole numbers stay whole, lists come back as lists."""

import optuna
import pytest

from value_personas import load_recipe
from value_personas.experiments.optuna_study import suggested
from value_personas.experiments.recipe.search import Range
from value_personas.signatures import RecipeError

SPACE = {
    "profiles.n": Range(low=5, high=50, log=True),
    "calibration.temperature": Range(low=1.0, high=4.0),
    "profiles.items": ("all", ("F063", "A165")),
    "descriptors.address": ("you", "I"),
}


def test_values_are_of_the_kinds_that_the_recipe_takes() -> None:
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    seen = [suggested(study.ask(), SPACE) for _ in range(40)]
    assert all(isinstance(one["profiles.n"], int) and 5 <= one["profiles.n"] <= 50 for one in seen)
    assert all(1.0 <= one["calibration.temperature"] <= 4.0 for one in seen)
    assert {one["profiles.items"] for one in seen} == {"all", ("F063", "A165")}


def test_a_chosen_trial_gives_its_own_values_again() -> None:
    params = {
        "profiles.n": 7,
        "calibration.temperature": 2.5,
        "profiles.items": '["F063", "A165"]',
        "descriptors.address": "I",
    }
    found = suggested(optuna.trial.FixedTrial(params), SPACE)
    assert found == params | {"profiles.items": ("F063", "A165")}


def test_a_table_of_toml_is_read_as_ranges_and_choices() -> None:
    recipe = load_recipe("search")
    assert recipe.search is not None
    assert recipe.search.space["calibration.temperature"] == Range(low=1.0, high=10.0, log=True)
    assert recipe.search.space["persona_text.order"] == ("instrument", "reversed")


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ("search.space.profiles.n={low=5, high=5}", "the range must rise"),
        ("search.space.profiles.n={low=0, high=5, log=true}", "a log scale begins above 0"),
        ("search.space.workspace=['a', 'b']", "workspace is one for the whole search"),
        ("search.objectives=['nonsense']", "no such objective; there are normalised_mae"),
        ("search.profiles.n=[5, 6]", r"did you mean \[search.space\]"),
    ],
)
def test_what_cannot_be_searched_is_one_line(setting: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        load_recipe("search", [setting])
    assert "\n" not in str(caught.value)
