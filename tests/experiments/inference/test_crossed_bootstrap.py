"""Intervals against theory, and the pairing that they rest on."""

import json

import numpy as np
import pytest

from value_personas.experiments.benchmarks.coverage import DESIGNS, RESULTS, simulate_coverage
from value_personas.experiments.inference import crossed_bootstrap
from value_personas.signatures import StatisticsError


@pytest.fixture
def errors():
    return np.random.default_rng(0).random((3, 9, 11))


def by_loop(errors, draws, rng_draws):
    """The same statistic, cell by cell."""
    out = []
    for countries, questions in rng_draws[:draws]:
        cells = errors[np.ix_(range(len(errors)), countries, questions)]
        out.append(np.nanmean(cells, axis=(1, 2)))
    return np.array(out)


def test_point_is_the_mean_over_defined_cells(errors):
    errors[1, 2, 3] = np.nan
    got = crossed_bootstrap(errors, draws=50)
    np.testing.assert_allclose(got.point, np.nanmean(errors, axis=(1, 2)))
    both = ~np.isnan(errors[1])
    np.testing.assert_allclose(got.difference[0], (errors[1] - errors[0])[both].mean())
    assert got.pairs == ((0, 1), (0, 2), (1, 2))
    assert got.cells.tolist() == [99, 98, 99]


def test_interval_agrees_with_a_loop_over_indices(errors):
    errors[0, 4] = np.nan
    rng = np.random.default_rng(5)
    indices = [(rng.integers(0, 9, 9), rng.integers(0, 11, 11)) for _ in range(20_000)]
    low, high = np.quantile(by_loop(errors, 20_000, indices), [0.05, 0.95], axis=0)
    got = crossed_bootstrap(errors, draws=20_000, level=0.9, seed=3)
    np.testing.assert_allclose(got.lower, low, atol=3e-3)
    np.testing.assert_allclose(got.upper, high, atol=3e-3)


def test_standard_error_agrees_with_theory_for_a_country_effect():
    effect = np.random.default_rng(1).normal(size=400)
    got = crossed_bootstrap(np.tile(effect[None, :, None], (1, 1, 5)), draws=8000)
    assert (got.upper - got.lower)[0] == pytest.approx(2 * 1.96 * effect.std() / 20, rel=0.04)


def test_methods_are_paired_on_the_same_draw(errors):
    shifted = np.stack([errors[0], errors[0] - 0.1])
    got = crossed_bootstrap(shifted, draws=500)
    assert got.difference_lower[0] == pytest.approx(-0.1)
    assert got.difference_upper[0] == pytest.approx(-0.1)
    assert got.upper[0] - got.lower[0] > 0.05


def test_same_seed_same_digits(errors):
    one, two = (crossed_bootstrap(errors, draws=300, seed=8) for _ in range(2))
    np.testing.assert_array_equal(one.lower, two.lower)
    assert (one.lower != crossed_bootstrap(errors, draws=300, seed=9).lower).any()


def test_drawing_zones_widens_the_interval_where_countries_of_a_zone_agree():
    effect = np.repeat(np.random.default_rng(2).normal(size=10), 6)
    e = np.tile(effect[None, :, None], (1, 1, 4))
    zones = [c // 6 for c in range(60)]
    alone, clustered = (crossed_bootstrap(e, draws=4000, clusters=z) for z in (None, zones))
    ratio = (clustered.upper - clustered.lower) / (alone.upper - alone.lower)
    students = 2.262 * np.sqrt(10 / 9) / 1.960  # nine degrees of freedom, against the normal's 1.96
    assert ratio[0] == pytest.approx(np.sqrt(6) * students, rel=0.1)


def test_replicates_add_the_personas_sampling_and_no_bias():
    e = np.full((1, 20, 20), 0.3)
    noise = np.random.default_rng(3).normal(0, 0.02, size=(400, 1, 1, 1))
    got = crossed_bootstrap(e, draws=4000, replicates=e + 5.0 + noise)
    assert got.point[0] == pytest.approx(0.3)
    assert (got.lower[0] + got.upper[0]) / 2 == pytest.approx(0.3, abs=0.004)
    assert got.upper[0] - got.lower[0] == pytest.approx(2 * 1.96 * 0.02, rel=0.1)


def test_a_method_without_cells_is_nan(errors):
    errors[2] = np.nan
    got = crossed_bootstrap(errors, draws=100)
    assert np.isnan([got.point[2], got.lower[2], got.upper[2], got.difference[1]]).all()
    assert got.cells[2] == 0


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"errors": np.zeros((3, 4))}, "axes"),
        ({"draws": 0}, "draws"),
        ({"level": 1.0}, "level"),
        ({"clusters": ["a"]}, "clusters"),
        ({"replicates": np.zeros((2, 3, 9, 10))}, "replicates"),
    ],
)
def test_bad_input_gets_one_clear_line(errors, change, words):
    arguments = {"errors": errors} | change
    with pytest.raises(StatisticsError, match=words):
        crossed_bootstrap(arguments.pop("errors"), **arguments)


def test_kept_coverage_lies_between_93_and_97_percent():
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert kept["simulations"] >= 2000
    assert set(kept["designs"]) == set(DESIGNS)
    for design in kept["designs"].values():
        assert all(0.93 <= share <= 0.97 for share in design["coverage"].values())


@pytest.mark.slow
@pytest.mark.parametrize("name", DESIGNS)
def test_coverage_over_2000_simulations(name):
    got = simulate_coverage(DESIGNS[name], simulations=2000)
    assert all(0.93 <= share <= 0.97 for share in got.values())
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))["designs"][name]["coverage"]
    for key, share in got.items():  # another BLAS may round an interval's end across the truth
        assert share == pytest.approx(kept[key], abs=0.002)
