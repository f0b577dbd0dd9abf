"""Every design is unbiased under the weights, seeded, and what it says it is."""

from itertools import combinations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from value_personas.data import DESIGNS, ProfileTable, load_instrument, sample_profiles
from value_personas.data.calibrated_weights import calibrated_weights, standardised_items
from value_personas.data.sampling import spread_order
from value_personas.signatures import SurveyError

CODES = ("A008", "A165", "F063", "F118")
DRAWS = 2000


def population(rows: int = 90, seed: int = 0, missing: float = 0.05) -> ProfileTable:
    rng = np.random.default_rng(seed)
    value = rng.normal(size=rows)
    items = tuple(item for item in load_instrument("inglehart-welzel").items if item.code in CODES)
    columns = {}
    for item in items:
        rank = (value + rng.normal(size=rows)).argsort().argsort() / rows
        answers = item.scale.values[np.floor(rank * len(item.scale)).astype(int)]
        columns[item.code] = np.where(rng.random(rows) < missing, np.nan, answers)
    index = pd.RangeIndex(10, 10 + rows)
    return ProfileTable(
        frame=pd.DataFrame(columns, index=index),
        weight=pd.Series(rng.uniform(0.2, 4.0, rows), index=index),
        country=pd.Series(["DEU"] * rows, index=index),
        items=items,
        absent=(),
        missing_counts={},
        dropped=0,
        notes=(),
        instrument="inglehart-welzel",
        demographics=pd.DataFrame({"sex": rng.choice(["man", "woman"], rows)}, index=index),
    )


def indicators(values: "np.ndarray") -> "np.ndarray":
    """Item means and pairwise joint shares of high answers, a row a profile; missing counts as not high."""
    high = np.nan_to_num(values) > np.nanmedian(values, axis=0)
    pairs = [high[:, a] & high[:, b] for a, b in combinations(range(values.shape[1]), 2)]
    return np.column_stack([high, *pairs]).astype(float)


@pytest.mark.parametrize("design", ["systematic", "random", "stratified", "all"])
def test_two_thousand_draws_hold_means_and_joint_shares(design: str) -> None:
    table = population()
    values, share = table.frame.to_numpy(), (table.weight / table.weight.sum()).to_numpy()
    told = indicators(values)
    truth = share @ told
    position = pd.Series(np.arange(len(values)), index=table.frame.index)
    estimates = []
    for seed in range(DRAWS if design != "all" else 1):
        sample = sample_profiles(table, "DEU", 12, design, seed, by="sex")
        drawn = position[sample.respondents].to_numpy()
        estimates.append(sample.draw_weights @ told[drawn])
    mean = np.mean(estimates, axis=0)
    error = np.std(estimates, axis=0) / np.sqrt(len(estimates))
    assert (np.abs(mean - truth) <= 4 * error + 1e-12).all()


def test_marginal_draws_hold_the_means_and_destroy_the_joint() -> None:
    table = population(rows=400, missing=0.0)
    values, share = table.frame.to_numpy(), (table.weight / table.weight.sum()).to_numpy()
    sample = sample_profiles(table, "DEU", 40_000, "marginal", seed=1)
    drawn = np.array([profile.answers for profile in sample.profiles])
    assert len(sample.respondents) == 0
    np.testing.assert_allclose(sample.weights @ drawn, share @ values, atol=0.08)
    before = np.corrcoef(values.T)[np.triu_indices(len(CODES), 1)]
    after = np.cov(drawn.T, aweights=sample.weights)
    after = (after / np.sqrt(np.outer(np.diag(after), np.diag(after))))[np.triu_indices(len(CODES), 1)]
    assert np.abs(before).min() > 0.25
    assert np.abs(after).max() < 0.03


def test_collapsed_profiles_carry_the_weight_of_their_draws() -> None:
    table = population()
    sample = sample_profiles(table, "DEU", 60, seed=3)
    assert sample.weights.sum() == pytest.approx(1)
    assert len(set(sample.profiles)) == len(sample.profiles)
    np.testing.assert_allclose(sample.weights, np.bincount(sample.profile_of) / 60)
    for draw, respondent in enumerate(sample.respondents):
        expected = table.frame.loc[respondent].dropna().to_dict()
        assert sample.profiles[sample.profile_of[draw]].as_dict() == expected


def test_all_takes_every_respondent_with_its_weight() -> None:
    table = population()
    sample = sample_profiles(table, "DEU", 1, "all")
    assert sample.n == len(table.frame)
    expected = (
        table.weight.groupby([table.frame[c].fillna(-99) for c in table.frame]).sum() / table.weight.sum()
    )
    np.testing.assert_allclose(sorted(sample.weights), sorted(expected))


def test_stratified_draws_are_proportional_to_the_strata() -> None:
    table = population(rows=300)
    women = table.weight[table.demographics["sex"] == "woman"].sum() / table.weight.sum()
    for seed in range(50):
        sample = sample_profiles(table, "DEU", 40, "stratified", seed, by="sex")
        drawn = (table.demographics.loc[sample.respondents, "sex"] == "woman").sum()
        assert abs(drawn - 40 * women) <= 1


@pytest.mark.parametrize("design", DESIGNS)
def test_seeds_decide(design: str) -> None:
    def draw(seed: int) -> object:
        sample = sample_profiles(population(rows=400), "DEU", 30, design, seed, by="sex")
        return sample.profiles, sample.weights.tolist()

    assert draw(7) == draw(7)
    if design != "all":
        assert draw(7) != draw(8)


def test_a_spread_draw_is_closer_than_a_random_one() -> None:
    table = population(rows=800, missing=0.0)
    values, share = table.frame.to_numpy(), (table.weight / table.weight.sum()).to_numpy()
    smooth = np.tanh(((values - values.mean(0)) / values.std(0)).sum(axis=1) / 2)
    position = pd.Series(np.arange(len(values)), index=table.frame.index)

    def spread(design: str) -> float:
        errors = [
            smooth[position[sample_profiles(table, "DEU", 50, design, seed).respondents]].mean()
            - share @ smooth
            for seed in range(300)
        ]
        return float(np.sqrt(np.mean(np.square(errors))))

    assert spread("systematic") < 0.6 * spread("random")


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(1, 60), seed=st.integers(0, 1000), n=st.integers(1, 80))
def test_an_even_walk_draws_everyone_as_often_as_the_weight_says(rows: int, seed: int, n: int) -> None:
    table = population(rows=rows, seed=seed)
    sample = sample_profiles(table, "DEU", n, seed=seed)
    counts = pd.Series(sample.respondents).value_counts().reindex(table.frame.index, fill_value=0)
    expected = n * table.weight / table.weight.sum()
    assert (np.abs(counts - expected) < 1 + 1e-9).all()


@given(rows=st.integers(1, 40), seed=st.integers(0, 500))
def test_the_spread_order_is_a_permutation(rows: int, seed: int) -> None:
    table = population(rows=rows, seed=seed, missing=0.3)
    share = (table.weight / table.weight.sum()).to_numpy()
    assert sorted(spread_order(table.frame.to_numpy(), share)) == list(range(rows))


@pytest.mark.parametrize(
    ("options", "message"),
    [({"country": "KEN"}, "no value profile of country 'KEN'"), ({"design": "quota"}, "unknown sampling"),
     ({"n": 0}, "at least one draw"), ({"design": "stratified"}, "needs by="),
     ({"design": "stratified", "by": "shoe size"}, "unknown stratum")],
)  # fmt: skip
def test_impossible_samples_are_refused(options: dict[str, object], message: str) -> None:
    wanted: dict[str, object] = {"country": "DEU", "n": 5, **options}
    with pytest.raises(SurveyError, match=message):
        sample_profiles(population(), **wanted)  # type: ignore[arg-type]


@pytest.mark.parametrize("design", ["systematic", "stratified", "random"])
def test_respondents_who_cannot_be_drawn_again_leave_less_to_chance(design: str) -> None:
    table = population()
    share = (table.weight / table.weight.sum()).to_numpy()
    sample = sample_profiles(table, "DEU", 40, design, by="sex", calibrate=True)
    z = standardised_items(table.frame.to_numpy(), share)
    found = calibrated_weights(z[sample.respondents - 10], share @ z)
    np.testing.assert_allclose(sample.draw_weights, found.weights)
    left = 1.0 if design == "random" else 1.0 - sum(s * min(1.0, 40 * s) for s in share)
    assert design == "random" or 0.3 < left < 0.6
    deviations = sample.jackknife - sample.draw_weights
    np.testing.assert_allclose(deviations, left**0.5 * (found.jackknife - found.weights), atol=1e-15)
