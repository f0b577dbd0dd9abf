"""Coalitions are chosen so that the budget is never passed, and the same whatever is stored."""

import numpy as np
import pytest

from tests.builders import TEN
from value_personas.experiments.recipe.shapley import ShapleySettings
from value_personas.experiments.shapley.planning import plan_coalitions
from value_personas.experiments.shapley.players import Player, axis_players, choose_players
from value_personas.signatures import RecipeError, ValueItem

ITEMS = tuple(
    ValueItem(f"I{i}", f"item {i}", TEN, "traditional_secular" if i % 2 else "survival_self_expression")
    for i in range(6)
)
PLAYERS = choose_players("items", ITEMS, {"I0": "first"})


def price(coalition: int) -> int:
    return 3 + 2 ** coalition.bit_count()


def plan(budget: int | None = None, **settings: object):  # type: ignore[no-untyped-def]
    return plan_coalitions(ShapleySettings(budget_calls=budget, **settings), PLAYERS, price, 5, seed=1)


@pytest.mark.parametrize("budget", [500, 600, 700, 800])
def test_a_budget_is_never_passed_and_is_used(budget: int) -> None:
    made = plan(budget, pairs=40)
    assert made.calls == 5 + sum(map(price, made.coalitions)) <= budget
    more = plan(None, pairs=made.blocks + 1)
    assert more.calls > budget
    assert set(made.coalitions) <= set(more.coalitions)


def test_a_budget_that_cannot_suffice_is_refused_with_what_would() -> None:
    with pytest.raises(RecipeError, match=r"budget_calls = 100: \d+ calls are needed"):
        plan(100)
    needed = 5 + sum(map(price, range(64)))
    with pytest.raises(RecipeError, match=f"budget_calls = {needed - 1}: {needed:,} calls are needed for 64"):
        plan(needed - 1, method="exact")
    assert plan(needed, method="exact").complete


def test_variants_are_what_their_names_say() -> None:
    made = plan(method="exact")
    v = np.random.default_rng(0).normal(size=64)
    by_place = v[list(made.coalitions)]
    tables = {name: table.weights[0] @ by_place for name, table in made.tables.items()}
    np.testing.assert_allclose(tables["leave_one_out"], [v[63] - v[63 - 2**i] for i in range(6)])
    np.testing.assert_allclose(tables["only_one"], [v[2**i] - v[0] for i in range(6)])
    np.testing.assert_allclose(tables["total"], [v[63] - v[0]])
    even, odd = v[0b010101], v[0b101010]
    first = ((even - v[0]) + (v[63] - odd)) / 2
    np.testing.assert_allclose(tables["axes"], [first, v[63] - v[0] - first])
    assert tables["shapley"].sum() == pytest.approx(v[63] - v[0])


def test_coalitions_are_named_by_their_players() -> None:
    made = plan(method="exact")
    assert made.coalitions[0] == 0
    assert made.coalitions[-1] == made.full
    assert [made.name(c) for c in (0, 0b101)] == ["∅", "I0+I2"]


def test_players_are_items_axes_or_groups() -> None:
    assert PLAYERS[0] == Player("I0", "first", ("I0",), "survival_self_expression")
    axes = choose_players("axes", ITEMS, {})
    assert [player.items for player in axes] == [("I0", "I2", "I4"), ("I1", "I3", "I5")]
    groups = choose_players({"a": ("I0", "I2"), "b": ("I4", "I1", "I3", "I5")}, ITEMS, {})
    assert [player.axis for player in groups] == ["survival_self_expression", None]
    assert axis_players(groups) == {}
    assert [mask for _, mask in axis_players(PLAYERS).values()] == [0b010101, 0b101010]


@pytest.mark.parametrize(
    "groups", [{"a": ("I0",)}, {"a": ("I0", "I1", "I2", "I3", "I4", "I5"), "b": ("I0",)}, {"a": ("X",)}]
)
def test_groups_hold_every_item_once(groups: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(RecipeError, match="must hold each of I0, I1"):
        choose_players(groups, ITEMS, {})


def test_impossible_players_are_refused() -> None:
    with pytest.raises(RecipeError, match="must be two or more"):
        plan_coalitions(ShapleySettings(), PLAYERS[:1], price, 0, seed=0)
    many = tuple(Player(str(i), str(i), (str(i),)) for i in range(15))
    with pytest.raises(RecipeError, match="32,768 coalitions"):
        plan_coalitions(ShapleySettings(method="exact"), many, price, 0, seed=0)
    with pytest.raises(RecipeError, match="lies on no axis"):
        choose_players("axes", (*ITEMS, ValueItem("Z", "z", TEN)), {})
