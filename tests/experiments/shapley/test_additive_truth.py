"""Where the error is a sum over items, the sum's parts must come out, within their intervals."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.experiments.shapley.additive import HIGH, AdditiveWorld
from value_personas import run
from value_personas.experiments.recipe.loading import varied
from value_personas.experiments.shapley.result import ShapleyResult
from value_personas.experiments.shapley.shapley import shapley


@pytest.fixture(scope="module")
def patch() -> "pytest.MonkeyPatch":  # type: ignore[misc]
    with pytest.MonkeyPatch.context() as patching:
        yield patching


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory, patch: pytest.MonkeyPatch) -> AdditiveWorld:
    return AdditiveWorld(tmp_path_factory.mktemp("additive"), patch)


@pytest.fixture(scope="module")
def result(world: AdditiveWorld) -> ShapleyResult:
    return shapley(world.recipe)


def test_the_world_is_additive(world: AdditiveWorld) -> None:
    lowest = HIGH - sum(world.shift.values())
    for question, end in zip(world.survey.questions, lowest, strict=True):
        r = question.scale.values
        for country in world.survey.countries:
            mean = world.survey.distribution(question.code, country) @ (r - r[0]) / (r[-1] - r[0])
            assert mean < end


def test_values_are_the_parts_of_the_sum(world: AdditiveWorld, result: ShapleyResult) -> None:
    values = result.values.set_index(["player", "country"])["value"]
    for country in world.survey.countries:
        for item in world.shift:
            assert values[item, country] == pytest.approx(world.on_sample(country, item), abs=1e-9)
    for name in ("leave_one_out", "only_one"):  # in a sum it makes no difference who is there already
        other = result.tables[name].set_index(["player", "country"])["value"]
        pd.testing.assert_series_equal(values, other[values.index], atol=1e-9, rtol=0, check_names=False)


def test_the_populations_values_are_recovered_within_their_intervals(
    world: AdditiveWorld, result: ShapleyResult
) -> None:
    rows = result.values[(result.values["country"] != "all") & (result.values["value"] < -1e-9)]
    truth = np.array([world.truth(row.country, row.player) for row in rows.itertuples()])
    inside = (rows["lower"] <= truth) & (truth <= rows["upper"])
    assert len(rows) >= 8 * 7 - 2  # three items move nothing, and one may not be told in a country
    assert inside.mean() >= 0.9
    away = np.abs(rows["value"] - truth)
    assert away.max() > 0.0005  # a sample is not the population: the intervals have something to do
    over_all = result.over_all().set_index("player")
    for item in world.shift:
        mean = np.mean([world.truth(country, item) for country in world.survey.countries])
        assert over_all.loc[item, "lower"] - 1e-12 <= mean <= over_all.loc[item, "upper"] + 1e-12


def test_axes_are_the_sums_of_their_items(result: ShapleyResult) -> None:
    values = result.values.set_index(["player", "country"])["value"]
    for row in result.tables["axes"].itertuples():
        of_axis = {"survival-self-expression": "A008 A165 E025 F118 Y002"}.get(
            row.player, "E018 F063 F120 G006 Y003"
        )
        assert row.value == pytest.approx(sum(values[i, row.country] for i in of_axis.split()), abs=1e-9)


def test_every_coalition_finds_the_same_as_drawn_orders(world: AdditiveWorld, result: ShapleyResult) -> None:
    groups = {
        "a": ("F063", "A008", "A165"),
        "b": ("F118", "F120"),
        "c": ("E018", "E025"),
        "d": ("G006", "Y002"),
    }
    settings = {
        "shapley.method": "exact",
        "shapley.players": {**groups, "e": ("Y003",)},
    }
    grouped = shapley(varied(world.recipe, settings)).values.set_index(["player", "country"])["value"]
    single = result.values.set_index(["player", "country"])["value"]
    for country in (*world.survey.countries, "all"):
        for name, codes in groups.items():
            expected = sum(single[code, country] for code in codes)
            assert grouped[name, country] == pytest.approx(expected, abs=1e-9)


def test_both_ends_are_what_run_reports(world: AdditiveWorld, result: ShapleyResult) -> None:
    asked = len(world.engine.requests)
    told = run(varied(world.recipe, {"personas": ("none", "values-hedged")}))
    assert len(world.engine.requests) == asked  # every answer is there already
    cells = told.scores.groupby(["method", "country"])["normalised_mae"].mean()
    checks = result.checks.set_index("country")
    for country in world.survey.countries:
        assert checks.loc[country, "v_empty"] == pytest.approx(cells["none", country], abs=1e-12)
        assert checks.loc[country, "v_all"] == pytest.approx(cells["values-hedged", country], abs=1e-12)
    summary = told.summary.query("score == 'normalised_mae'").set_index("method")["mean"]
    assert checks.loc["all", "v_empty"] == pytest.approx(summary["none"], abs=1e-12)
    assert checks.loc["all", "v_all"] == pytest.approx(summary["values-hedged"], abs=1e-12)


def test_a_text_is_asked_once_whichever_countries_and_coalitions_it_serves(
    world: AdditiveWorld, result: ShapleyResult
) -> None:
    texts = [str(r.messages) for r in world.engine.requests]
    assert len(texts) == len(set(texts))
    assert result.usage["calls"] <= result.calls_at_most


def test_the_same_again_asks_nothing_and_gives_the_same_digits(
    world: AdditiveWorld, result: ShapleyResult
) -> None:
    asked = len(world.engine.requests)
    again = shapley(world.recipe)
    assert len(world.engine.requests) == asked
    for name, table in result.tables.items():
        pd.testing.assert_frame_equal(table, again.tables[name], check_exact=True)
    assert again.calls_at_most == result.calls_at_most


def test_another_score_asks_nothing_and_is_turned_so_that_lower_is_better(
    world: AdditiveWorld, result: ShapleyResult, tmp_path: Path
) -> None:
    asked = len(world.engine.requests)
    scores = {
        name: shapley(varied(world.recipe, {"shapley.score": name}))
        for name in ("wasserstein", "opinionqa_alignment")
    }
    assert len(world.engine.requests) == asked
    # 1 − W1/(K − 1), turned, is W1/(K − 1): the Wasserstein distance as a share of an evenly spaced scale.
    one, other = (scores[name].values["value"] for name in scores)
    np.testing.assert_allclose(one, other, atol=1e-9)
    assert not np.allclose(one, result.values["value"], atol=1e-4)


def test_a_budget_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    budget = 6_000
    world = AdditiveWorld(
        tmp_path, monkeypatch, "profiles.n=4", "shapley.pairs=50", f"shapley.budget_calls={budget}"
    )
    result = shapley(world.recipe)
    assert len(world.engine.requests) <= result.calls_at_most <= budget
    assert result.calls_at_most > 0.8 * budget
