"""Intervals carry every source of chance, each checked against what it must be."""

import numpy as np
import pytest

from value_personas.experiments.recipe.shapley import ShapleySettings
from value_personas.experiments.shapley.designs import permutation_blocks, weight_matrix
from value_personas.experiments.shapley.game import Errors
from value_personas.experiments.shapley.planning import Plan, plan_coalitions
from value_personas.experiments.shapley.players import Player
from value_personas.experiments.shapley.tables import Figures
from value_personas.signatures import StatisticsError

PLAYERS = tuple(Player(f"I{i}", f"item {i}", (f"I{i}",)) for i in range(5))


def planned(method: str = "permutation", pairs: int = 30) -> Plan:
    settings = ShapleySettings(method=method, pairs=pairs)  # type: ignore[arg-type]
    return plan_coalitions(settings, PLAYERS, lambda c: 1, 0, seed=0)


def errors(plan: Plan, cells: np.ndarray, draws: int = 0) -> Errors:
    drawn = {
        name: np.zeros((draws, len(table.players), *cells.shape[1:])) for name, table in plan.tables.items()
    }
    return Errors(cells, drawn, np.zeros(len(cells)))


def figures_of(plan: Plan, found: Errors, countries: list[str]) -> Figures:
    return Figures(plan, found, countries, score="wasserstein", level=0.95, seed=0)


def test_drawn_orders_alone_give_the_standard_error_of_their_mean() -> None:
    """The same error in every cell: nothing but the orders is left to chance."""
    plan = planned()
    v = np.random.default_rng(0).normal(size=32)[list(plan.coalitions)]
    cells = np.broadcast_to(v[:, None, None], (len(v), 3, 4)).copy()
    table = figures_of(plan, errors(plan, cells), ["A", "B", "C"]).table("shapley")
    by_pair = plan.tables["shapley"].weights[:, :, :] @ v
    standard_error = by_pair.std(axis=0, ddof=1) / np.sqrt(len(by_pair))
    for country in ("A", "all"):
        rows = table[table["country"] == country]
        np.testing.assert_allclose(rows["value"], by_pair.mean(axis=0), atol=1e-12)
        half = (rows["upper"] - rows["lower"]) / 2
        np.testing.assert_allclose(half, 1.96 * standard_error, rtol=0.25)


def test_intervals_of_sampled_orders_hold_the_exact_values() -> None:
    exact = planned("exact")
    v = np.random.default_rng(1).normal(size=32)
    truth = exact.tables["shapley"].weights[0] @ v[list(exact.coalitions)]
    inside = []
    for seed in range(40):
        settings = ShapleySettings(pairs=12)
        plan = plan_coalitions(settings, PLAYERS, lambda c: 1, 0, seed=seed)
        cells = np.broadcast_to(v[list(plan.coalitions), None, None], (len(plan.coalitions), 1, 2)).copy()
        table = figures_of(plan, errors(plan, cells), ["A"]).table("shapley")
        rows = table[table["country"] == "all"]
        inside += ((rows["lower"] <= truth) & (truth <= rows["upper"])).tolist()
    assert 0.85 <= np.mean(inside) <= 0.99


def test_questions_alone_give_the_standard_error_of_their_mean() -> None:
    plan = planned("exact")
    rng = np.random.default_rng(2)
    v = rng.normal(size=32)[list(plan.coalitions)]
    cells = v[:, None, None] * rng.uniform(0.5, 1.5, size=(1, 1, 60))
    table = figures_of(plan, errors(plan, cells), ["A"]).table("shapley")
    phi = plan.tables["shapley"].weights[0] @ cells[:, 0]
    half = (table["upper"] - table["lower"])[:5] / 2
    np.testing.assert_allclose(half, 1.96 * phi.std(axis=1) / np.sqrt(60), rtol=0.08)


def test_persons_drawn_anew_widen_the_intervals_by_their_spread() -> None:
    plan = planned("exact")
    cells = np.ones((32, 1, 2))
    drawn = errors(plan, cells, draws=50)
    moved = np.random.default_rng(3).normal(scale=0.1, size=(50, 5))
    drawn.drawn["shapley"] += moved[:, :, None, None]
    table = figures_of(plan, drawn, ["A"]).table("shapley")
    half = (table["upper"] - table["lower"])[:5] / 2
    np.testing.assert_allclose(table["value"], 0.0, atol=1e-12)
    np.testing.assert_allclose(half, 1.96 * moved.std(axis=0), rtol=0.25)
    alone = figures_of(plan, drawn, ["A"]).table("only_one")
    np.testing.assert_allclose(alone["lower"], alone["upper"], atol=1e-12)


def test_a_cell_that_lacks_one_coalition_counts_in_none() -> None:
    plan = planned("exact")
    cells = np.random.default_rng(4).uniform(size=(32, 2, 3))
    full = cells.copy()
    cells[7, 0, 1] = np.nan
    cells[:, 1, :] = np.nan
    figures = figures_of(plan, errors(plan, cells), ["A", "B"])
    np.testing.assert_array_equal(figures.known, [[True, False, True], [False, False, False]])
    values = figures.table("shapley")
    checks = figures.check(values).set_index("country")
    assert list(checks.index) == ["A", "all"]
    assert checks.loc["A", "v_empty"] == pytest.approx(full[0, 0, [0, 2]].mean())
    assert checks.loc["all", "v_empty"] == checks.loc["A", "v_empty"]
    assert values[values["country"] == "B"]["value"].isna().all()


def test_values_that_do_not_add_up_are_an_error() -> None:
    plan = planned("exact")
    cells = np.random.default_rng(5).uniform(size=(32, 2, 3))
    figures = figures_of(plan, errors(plan, cells), ["A", "B"])
    values = figures.table("shapley")
    figures.check(values)
    with pytest.raises(StatisticsError, match="do not add up"):
        figures.check(values.assign(value=values["value"] + 1e-8))


def test_no_cell_at_all_is_refused() -> None:
    plan = planned("exact")
    with pytest.raises(StatisticsError, match="no cell has an error in every coalition"):
        figures_of(plan, errors(plan, np.full((32, 1, 1), np.nan)), ["A"])


def test_a_weight_matrix_of_pairs_leaves_nobody_out() -> None:
    blocks = [next(permutation_blocks(5, seed)) for seed in range(3)]
    coalitions = sorted({c for block in blocks for c in block})
    weights = weight_matrix(blocks, coalitions, 5)
    assert weights.shape == (3, 5, len(coalitions))
    np.testing.assert_allclose(np.abs(weights).sum(axis=2), 2.0)
