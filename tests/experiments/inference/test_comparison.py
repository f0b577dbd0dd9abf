"""Methods against each other, by group, against the single functions."""

import numpy as np
import pandas as pd
import pytest

from value_personas.experiments.inference import (
    CellGroups,
    clustered_means,
    compare_methods,
    holm,
    sign_flip_p,
    unit_totals,
    wilcoxon_p,
    within,
)
from value_personas.experiments.scoring import SCORES
from value_personas.signatures import StatisticsError

GROUPS = CellGroups(
    zones=["A"] * 4 + ["B"] * 4 + ["C"],
    near=[True, False, False, True, False, False],
    options=[4, 4, 10, 10, 4, 4],
)
NAMES = ["none", "values", "other"]
PAIRS = [(1, 0), (2, 0)]


@pytest.fixture(scope="module")
def errors():
    e = np.random.default_rng(0).gamma(2.0, 0.05, size=(3, 9, 6))
    e[1] = np.maximum(e[0] - 0.03 - 0.002 * np.arange(6), 0.0)
    e[2, 0, 0] = np.nan
    return e


@pytest.fixture(scope="module")
def table(errors):
    return compare_methods(errors, NAMES, GROUPS, PAIRS)


def rows(table, group, value):
    return table[(table["group"] == group) & (table["value"] == value)].set_index("method")


def test_every_group_has_every_method(table):
    expected = {
        ("all", "all"),
        ("distance", "near"),
        ("distance", "far"),
        ("options", "4"),
        ("options", "10"),
    }
    expected |= {("zone", zone) for zone in "ABC"}
    assert set(zip(table["group"], table["value"], strict=True)) == expected
    assert set(table["method"]) == {"values", "other"}
    assert set(table["against"]) == {"none"}


def test_differences_are_those_of_shared_cells(errors, table):
    got = rows(table, "all", "all")
    both = ~np.isnan(errors[2])
    assert got.loc["other", "difference"] == pytest.approx((errors[2] - errors[0])[both].mean())
    assert got.loc["other", "cells"] == 53
    near = rows(table, "distance", "near")
    assert near.loc["values", "difference"] == pytest.approx((errors[1] - errors[0])[:, [0, 3]].mean())


def test_intervals_and_p_values_are_those_of_their_own_functions(errors, table):
    got = rows(table, "all", "all")
    d = np.stack([errors[1] - errors[0], errors[2] - errors[0]]).round(10)
    zoned = clustered_means(d, GROUPS.zones)
    np.testing.assert_allclose(got["lower"], zoned.lower)
    np.testing.assert_allclose(got["p"], zoned.p)
    np.testing.assert_allclose(got["holm_p"], holm(zoned.p))
    units = [unit_totals(one, GROUPS.zones) for one in d]
    np.testing.assert_allclose(got["sign_flip_p"], [sign_flip_p(totals) for totals, _ in units])
    np.testing.assert_allclose(got["wilcoxon_p"], [wilcoxon_p(means) for _, means in units])


def test_within_a_zone_its_countries_are_drawn(errors, table):
    got = rows(table, "zone", "A").loc["values"]
    alone = clustered_means((errors[1] - errors[0])[None, :4].round(10))
    assert (got["lower"], got["p"]) == pytest.approx((alone.lower[0], alone.p[0]))


def test_a_plain_improvement_is_found(table):
    got = rows(table, "distance", "far").loc["values"]
    assert got["upper"] < 0.0
    assert got["holm_p"] < 0.05


def test_a_zone_of_one_country_has_no_interval(table):
    got = rows(table, "zone", "C").loc["values"]
    assert np.isnan([got["lower"], got["p"], got["sign_flip_p"], got["holm_p"]]).all()
    assert np.isfinite(got["difference"])


def test_what_is_equal_by_construction_is_no_test(errors):
    same = np.stack([errors[0], errors[1], errors[0] + 1e-13])
    got = rows(compare_methods(same, NAMES, GROUPS, [(1, 0), (2, 0)]), "all", "all")
    assert np.isnan(got.loc["other", "p"])
    assert got.loc["values", "holm_p"] == got.loc["values", "p"]


def test_no_interval_of_a_difference_goes_beyond_what_two_errors_can_differ_by(errors, table):
    least = SCORES["normalised_mae"].furthest
    assert [least, SCORES["signed_bias"].furthest, SCORES["variance_ratio"].furthest] == [1.0, 1.0, np.inf]
    apart = np.stack([np.full((2, 2), 0.05), np.array([[0.95, 0.2], [0.1, 0.9]])])
    pair = compare_methods(apart, ["a", "b"], CellGroups(["A", "B"], [True, False], [4, 4]), [(1, 0)])
    assert pair["upper"].max() > least
    cut = within(pair, least)
    assert (cut["lower"].min(), cut["upper"].max()) == (-1.0, 1.0)
    pd.testing.assert_frame_equal(within(table, least), table)


def test_nothing_to_compare_is_refused(errors):
    with pytest.raises(StatisticsError, match="two methods"):
        compare_methods(errors[:1], ["none"], GROUPS, [])


def test_of_one_country_in_all_intervals_tell_of_other_questions(errors):
    alone = CellGroups(["A"], GROUPS.near, GROUPS.options)
    table = compare_methods(errors[:, 1:2], NAMES, alone, PAIRS)
    row = rows(table, "all", "all").loc["values"]
    expected = clustered_means((errors[1] - errors[0])[None, 1:2].round(10))
    assert (row["lower"], row["upper"], row["p"]) == pytest.approx(
        (expected.lower[0], expected.upper[0], expected.p[0])
    )
    assert np.isnan(row["sign_flip_p"])


def test_intervals_carry_the_personas_draws(errors):
    noise = np.random.default_rng(1).normal(0.0, 0.2, (40, 3, 1, 1))
    replicates = np.nan_to_num(errors) + noise
    plain = compare_methods(errors, NAMES, GROUPS, PAIRS)
    redrawn = compare_methods(errors, NAMES, GROUPS, PAIRS, replicates=replicates)
    wide, narrow = (rows(t, "all", "all").loc["values"] for t in (redrawn, plain))
    assert wide["upper"] - wide["lower"] > 1.2 * (narrow["upper"] - narrow["lower"])
    assert wide["difference"] == narrow["difference"]
