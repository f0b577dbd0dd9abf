"""Variants and the runs that hold them."""

import pytest

from value_personas import load_recipe
from value_personas.experiments.ablation.variants import factors_of, runs_of, variants_of
from value_personas.experiments.recipe.ablation import AblationSettings
from value_personas.signatures import RecipeError

FACTORS = {
    "kind": ("values-hedged", "values-unhedged"),
    "country": (False, True),
    "calibration": ("none", "persona", "population"),
    "profiles.n": (4, 8),
}


def of(design: str, factors=FACTORS):
    return variants_of(AblationSettings(design=design), factors)  # type: ignore[arg-type]


def test_one_factor_at_a_time() -> None:
    variants = of("one-at-a-time")
    assert [v.label for v in variants] == [
        "base",
        "kind=values-unhedged",
        "country=true",
        "calibration=persona",
        "calibration=population",
        "profiles.n=8",
    ]
    assert [v.method for v in variants] == [
        "values-hedged",
        "values-unhedged",
        "values-hedged+country",
        "values-hedged + calibrated",
        "values-hedged + calibrated (population)",
        "values-hedged",
    ]


def test_rows_of_one_run_share_it() -> None:
    runs = runs_of(load_recipe("quickstart"), of("one-at-a-time"))
    assert runs.cell_of == (0, 0, 0, 0, 0, 1)
    first, second = (cell.recipe for cell in runs.cells)
    assert first.personas == ("values-hedged", "values-unhedged", "values-hedged+country")
    assert first.calibration.kinds == ("values-hedged",)
    assert first.calibration.levels == ("persona", "population")
    assert (second.personas, second.calibration.kinds, second.profiles.n) == (("values-hedged",), (), 8)
    assert [cell.label for cell in runs.cells] == ["base", "profiles.n=8"]


def test_a_factorial_design_has_every_combination_once() -> None:
    variants = of("factorial")
    assert len({(v.method, v.levels["profiles.n"]) for v in variants}) == len(variants) == 24
    assert variants[0].changed == ()
    assert variants[-1].label == "kind=values-unhedged country=true calibration=population profiles.n=8"
    assert len(runs_of(load_recipe("quickstart"), variants).cells) == 2


def test_without_factors_what_any_recipe_can_vary_is_varied() -> None:
    recipe = load_recipe("quickstart", ["profiles.design=random"])
    factors = factors_of(recipe.ablation, recipe.profiles)
    assert factors["profiles.design"] == ("random", "systematic")
    assert len(runs_of(recipe, variants_of(recipe.ablation, factors)).cells) == 5


@pytest.mark.parametrize(
    ("setting", "message"),
    [
        ('ablation.factors.kind=["values-hedged"]', "needs two levels"),
        ("ablation.factors.seed=[1, 1]", "needs two levels or more, each once"),
        ('ablation.factors.kind=["values-hedged", "valuez"]', "did you mean values"),
        ("ablation.factors.country=[0, 1]", "takes true and false"),
        ('ablation.factors.calibration=["none", "both"]', "takes none, persona, population"),
        ('ablation.factors.personas=["none", "country"]', "varied by the factors kind and country"),
        ("ablation.factors.workspace=[1, 2]", "one for the whole ablation"),
        ('ablation.scores=["signed_bias"]', "'signed_bias' is no error"),
        ('ablation.design="latin"', "one-at-a-time"),
    ],
)
def test_bad_factors_are_one_clear_line(setting: str, message: str) -> None:
    with pytest.raises(RecipeError, match=message) as caught:
        load_recipe(None, [setting])
    assert "\n" not in str(caught.value)


def test_two_variants_that_are_one_are_refused() -> None:
    factors = {"kind": ("none", "country"), "country": (False, True)}
    with pytest.raises(RecipeError, match="are both country; leave one out"):
        of("one-at-a-time", factors)
    with pytest.raises(RecipeError, match="at most 500"):
        of("factorial", {"seed": tuple(range(30)), "profiles.n": tuple(range(1, 30))})
