"""The gap: planted slopes are found, and chance alone does not look like catching up."""

import numpy as np
import pytest
from scipy.stats import linregress

from value_personas.experiments.inference import analyse_gap, catching_up
from value_personas.signatures import StatisticsError


def planted(rng, countries=40, questions=30, slope=0.05, kept=0.4, noise=0.05, own=0.0):
    """Errors that grow with an index; the method keeps only a part of that growth.

    ``own`` is what a country's errors have beside the index, each method's for itself.
    """
    x = rng.normal(size=countries)
    cells = rng.normal(0, noise, (2, countries, questions)) + rng.normal(0, own, (2, countries, 1))
    return 0.3 + slope * x[:, None] + cells[0], 0.25 + kept * slope * x[:, None] + cells[1], x


def test_slopes_are_those_of_least_squares():
    base, method, x = planted(np.random.default_rng(0))
    got = analyse_gap(base, method, x)
    assert got.baseline_slope[0] == pytest.approx(linregress(x, base.mean(axis=1)).slope * x.std())
    assert got.method_slope[0] == pytest.approx(linregress(x, method.mean(axis=1)).slope * x.std())
    far = x > np.median(x)
    assert got.baseline_gap[0] == pytest.approx(base[far].mean() - base[~far].mean())


def test_a_narrowing_gap_is_found_with_its_sign():
    got = analyse_gap(*planted(np.random.default_rng(1)))
    assert got.slope_difference[2] < 0.0
    assert got.gap_difference[2] < 0.0
    low, high = got.slope_difference[1:]
    assert low < -0.6 * 0.05 < high


def test_intervals_hold_the_truth_about_as_often_as_they_say():
    hits = 0
    for seed in range(200):
        base, method, x = planted(np.random.default_rng(seed), countries=30, questions=20, own=0.04)
        _, low, high = analyse_gap(base, method, x).slope_difference
        hits += low <= -0.6 * 0.05 * x.std() <= high
    assert 0.89 <= hits / 200 <= 0.995


def test_intervals_hold_where_errors_and_index_go_by_zones():
    hits = 0
    zone = np.repeat(np.arange(8), 5)
    for seed in range(200):
        rng = np.random.default_rng(seed)
        index = rng.normal(size=8)[zone] + 0.5 * rng.normal(size=40)
        cells = rng.normal(0, 0.05, (2, 40, 20)) + rng.normal(0, 0.04, (2, 8, 1))[:, zone]
        _, low, high = analyse_gap(*cells, index, list(map(str, zone))).baseline_slope
        hits += low <= 0.0 <= high
    assert 0.89 <= hits / 200 <= 0.99


def test_chance_looks_like_catching_up_only_without_the_split_half():
    rng = np.random.default_rng(3)
    base, method = rng.normal(0.3, 0.1, size=(2, 200, 10))  # nothing planted at all
    got = catching_up(base, method, list("abcdefghij"), splits=50)
    x = base.mean(axis=1)
    assert np.polyfit(x, x - method.mean(axis=1), 1)[0] > 0.7
    assert got.lower < 0.0 < got.upper
    assert abs(got.guarded_slope) < 0.15


def test_batteries_are_not_torn_apart():
    """Errors that a battery's questions share look like catching up where halves tear batteries apart."""
    torn, whole = 0, 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        shared = rng.normal(0.3, 0.05, (2, 40, 6)).repeat(4, axis=2)  # six batteries of four
        base, method = shared + rng.normal(0, 0.03, (2, 40, 24))
        names = [str(m // 4) for m in range(24)]
        whole += catching_up(base, method, names, splits=30).lower > 0.0
        torn += catching_up(base, method, list(map(str, range(24))), splits=30).lower > 0.0
    assert whole <= 4 < 10 < torn


def test_true_catching_up_is_found_by_the_guarded_slope():
    base, method, _ = planted(np.random.default_rng(5), slope=0.2)
    got = catching_up(base, method, list(map(str, range(30))), splits=50)
    assert got.guarded_slope == pytest.approx(0.6, abs=0.08)
    assert got.lower > 0.3


def test_gaps_and_countries_without_an_index_are_left_out():
    base, method, x = planted(np.random.default_rng(2))
    base[3, 4], x[7] = np.nan, np.nan
    got = analyse_gap(base, method, x)
    assert len(got.index) == 39
    assert got.baseline_error[3] == pytest.approx(np.nanmean(base[3]))


def test_bad_input_gets_one_clear_line():
    base, method, x = planted(np.random.default_rng(0))
    with pytest.raises(StatisticsError, match="not constant"):
        analyse_gap(base, method, np.ones(40))
    with pytest.raises(StatisticsError, match="index"):
        analyse_gap(base, method, x[:5])
    with pytest.raises(StatisticsError, match="four batteries"):
        catching_up(base[:, :3], method[:, :3], "abc")
