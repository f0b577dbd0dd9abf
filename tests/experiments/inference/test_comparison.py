"""Methods against a baseline, by group, against the single functions."""

import numpy as np
import pytest

from value_personas.experiments.inference import (
    CellGroups,
    compare_methods,
    crossed_bootstrap,
    holm,
    sign_flip_p,
    unit_means,
    wilcoxon_p,
)
from value_personas.signatures import StatisticsError

GROUPS = CellGroups(
    zones=["A"] * 4 + ["B"] * 4 + ["C"],
    near=[True, False, False, True, False, False],
    options=[4, 4, 10, 10, 4, 4],
)


@pytest.fixture(scope="module")
def errors():
    e = np.random.default_rng(0).gamma(2.0, 0.05, size=(3, 9, 6))
    e[1] = np.maximum(e[0] - 0.03, 0.0)
    e[2, 0, 0] = np.nan
    return e


@pytest.fixture(scope="module")
def table(errors):
    return compare_methods(errors, ["none", "values", "other"], GROUPS, draws=2000, seed=4)


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


def test_differences_are_those_of_shared_cells(errors, table):
    got = rows(table, "all", "all")
    both = ~np.isnan(errors[2])
    assert got.loc["other", "difference"] == pytest.approx((errors[2] - errors[0])[both].mean())
    assert got.loc["other", "cells"] == 53
    near = rows(table, "distance", "near")
    assert near.loc["values", "difference"] == pytest.approx((errors[1] - errors[0])[:, [0, 3]].mean())


def test_intervals_and_p_values_are_those_of_their_own_functions(errors, table):
    got = rows(table, "all", "all")
    d = np.stack([errors[1] - errors[0], errors[2] - errors[0]])
    plain, zoned = (crossed_bootstrap(d, draws=2000, seed=4, clusters=z) for z in (None, GROUPS.zones))
    np.testing.assert_allclose(got["lower"], plain.lower)
    np.testing.assert_allclose(got["upper_by_zone"], zoned.upper)
    p = [sign_flip_p(unit_means(one)) for one in d]
    np.testing.assert_allclose(got["sign_flip_p"], p)
    np.testing.assert_allclose(got["holm_p"], holm(p))
    np.testing.assert_allclose(got["wilcoxon_p"], [wilcoxon_p(unit_means(one)) for one in d])


def test_a_plain_improvement_is_found(table):
    got = rows(table, "all", "all").loc["values"]
    assert got["upper"] < 0.0
    assert got["holm_p"] < 0.05


def test_a_zone_of_one_country_has_no_interval(table):
    got = rows(table, "zone", "C").loc["values"]
    assert np.isnan([got["lower"], got["upper_by_zone"], got["sign_flip_p"], got["holm_p"]]).all()
    assert np.isfinite(got["difference"])


def test_one_method_cannot_be_compared(errors):
    with pytest.raises(StatisticsError, match="two methods"):
        compare_methods(errors[:1], ["none"], GROUPS)


def test_of_one_country_in_all_intervals_tell_of_other_questions(errors):
    alone = CellGroups(["A"], GROUPS.near, GROUPS.options)
    table = compare_methods(errors[:, 1:2], ["none", "values", "other"], alone, draws=2000, seed=4)
    row = rows(table, "all", "all").loc["values"]
    expected = crossed_bootstrap((errors[1] - errors[0])[None, 1:2], draws=2000, seed=4)
    assert row["lower"] == pytest.approx(expected.lower[0], abs=1e-9)
    assert row["upper"] == pytest.approx(expected.upper[0], abs=1e-9)
    assert np.isnan(row["sign_flip_p"])
    assert np.isnan(row["lower_by_zone"])


def test_intervals_carry_the_personas_draws(errors):
    rng = np.random.default_rng(1)
    replicates = np.nan_to_num(errors) + rng.normal(0.0, 0.2, (40, *errors.shape))
    names = ["none", "values", "other"]
    plain = compare_methods(errors, names, GROUPS, draws=2000, seed=4)
    redrawn = compare_methods(errors, names, GROUPS, draws=2000, seed=4, replicates=replicates)
    wide, narrow = (rows(t, "all", "all").loc["values"] for t in (redrawn, plain))
    assert wide["upper"] - wide["lower"] > 1.2 * (narrow["upper"] - narrow["lower"])
    assert wide["difference"] == narrow["difference"]
