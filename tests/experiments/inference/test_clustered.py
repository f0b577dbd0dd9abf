"""Standard errors against loops over what is left out, and against theory."""

import json

import numpy as np
import pytest
from scipy.stats import linregress
from scipy.stats import t as student_t

from value_personas.experiments.benchmarks.coverage import DESIGNS, RESULTS, simulate_coverage
from value_personas.experiments.inference import (
    clustered_means,
    clustered_medians,
    clustered_ratios,
    clustered_slopes,
    units_of,
)
from value_personas.signatures import StatisticsError


@pytest.fixture
def errors():
    e = np.random.default_rng(0).random((3, 9, 11))
    e[1, 2, 3] = e[0, 4, :] = np.nan
    return e


ZONES = ["a", "a", "a", "b", "b", "b", "c", "c", "d"]


def by_loops(e, zones, statistic):
    """One method's variance, one deletion after the other."""
    units, questions = sorted(set(zones)), range(e.shape[1])
    all_of_it = statistic(e)

    def jackknife(parts):
        moved = [statistic(part) - all_of_it for part in parts]
        return (len(moved) - 1) / len(moved) * np.sum(np.square(moved))

    there = [u for u in units if not np.isnan(e[[z == u for z in zones]]).all()]
    by_unit = jackknife([np.where(np.array([z == u for z in zones])[:, None], np.nan, e) for u in there])
    by_question = jackknife([np.delete(e, q, axis=1) for q in questions])
    return by_unit, by_question


def test_a_mean_has_the_two_way_clustered_variance(errors):
    got = clustered_means(errors, ZONES)
    for s, e in enumerate(errors):
        by_unit, by_question = by_loops(e, ZONES, np.nanmean)
        away = np.where(np.isnan(e), 0.0, e - np.nanmean(e)) / (~np.isnan(e)).sum()
        both = sum(
            away[[z == u for z in ZONES]].sum(axis=0) @ away[[z == u for z in ZONES]].sum(axis=0)
            for u in "abcd"
        )
        expected = max(by_unit, by_question, by_unit + by_question - both)
        assert got.point[s] == pytest.approx(np.nanmean(e))
        assert got.se[s] ** 2 == pytest.approx(expected, rel=1e-10)
        assert got.cells[s] == (~np.isnan(e)).sum()
    assert got.df.tolist() == [3, 3, 3]


def test_a_slope_has_the_variance_of_its_deletions(errors):
    index = np.random.default_rng(1).normal(size=9)

    def slope(e):
        known = ~np.isnan(e).all(axis=1)
        return linregress(index[known], np.nanmean(e[known], axis=1)).slope

    got = clustered_slopes(errors, index, ZONES)
    for s, e in enumerate(errors):
        by_unit, by_question = by_loops(e, ZONES, slope)
        assert got.point[s] == pytest.approx(slope(e))
        assert max(by_unit, by_question) - 1e-12 <= got.se[s] ** 2 <= by_unit + by_question + 1e-12


def test_a_difference_of_groups_is_a_slope_on_a_mark(errors):
    far = np.array([0, 1, 0, 1, 1, 0, 0, 1, 1.0])
    got = clustered_slopes(errors[2:], far)
    of_country = errors[2].mean(axis=1)
    assert got.point[0] == pytest.approx(of_country[far > 0].mean() - of_country[far < 1].mean())


def test_a_ratio_has_the_variance_of_its_deletions(errors):
    size = np.random.default_rng(2).gamma(2.0, size=(9, 11))
    size[8, 10] = np.nan
    got = clustered_ratios(errors, size, ZONES)
    for s, e in enumerate(errors):

        def ratio(part, kept=e):
            # a deleted question is known by the shape, a deleted unit by its holes
            if part.shape != kept.shape:
                gone = next(
                    q for q in range(11) if np.array_equal(np.delete(kept, q, 1), part, equal_nan=True)
                )
                sizes = np.delete(size, gone, 1)
            else:
                sizes = size
            known = ~np.isnan(part) & ~np.isnan(sizes)
            return part[known].sum() / sizes[known].sum()

        by_unit, by_question = by_loops(e, ZONES, ratio)
        assert got.point[s] == pytest.approx(ratio(e))
        assert max(by_unit, by_question) - 1e-12 <= got.se[s] ** 2 <= by_unit + by_question + 1e-12
    same = clustered_ratios(errors, np.ones((9, 11)), ZONES)
    np.testing.assert_allclose(same.se, clustered_means(errors, ZONES).se)


def test_a_median_lies_among_the_cells_with_zeros_and_its_ends_where_the_shares_say(errors):
    errors[0, :6] = 0.0
    middle, lower, upper, cells = clustered_medians(errors, ZONES)
    for s, e in enumerate(errors):
        known = e[~np.isnan(e)]
        assert middle[s] == np.median(known)
        half = clustered_means(np.where(np.isnan(e), np.nan, e <= np.median(known))[None], ZONES).half_width[
            0
        ]
        shares = np.clip([0.5 - half, 0.5 + half], 0, 1)
        assert (lower[s], upper[s]) == pytest.approx(tuple(np.quantile(known, shares)))
        assert cells[s] == known.size
    nothing = clustered_medians(np.full((1, 4, 5), np.nan))
    assert np.isnan([part[0] for part in nothing[:3]]).all()


def test_intervals_of_medians_hold_in_countries_that_differ():
    rng = np.random.default_rng(5)
    held = 0
    for _ in range(300):
        v = np.exp(rng.normal(0, 0.5, (12, 1)) + rng.normal(0, 0.5, (1, 20)) + rng.normal(0, 0.7, (12, 20)))
        _, lower, upper, _ = clustered_medians(v[None])
        held += lower[0] <= 1.0 <= upper[0]
    assert 0.92 <= held / 300 <= 0.99


def test_a_country_effect_has_the_error_that_theory_gives():
    effect = np.random.default_rng(1).normal(size=400)
    got = clustered_means(np.tile(effect[None, :, None], (1, 1, 5)))
    assert got.se[0] == pytest.approx(effect.std(ddof=1) / 20, rel=1e-6)


def test_p_and_interval_agree_to_the_last_digit(errors):
    d = errors - 0.5
    for level in (0.5, 0.8, 0.95):
        got = clustered_means(d, ZONES, level=level)
        outside = (got.lower > 0) | (got.upper < 0)
        assert (outside == (got.p < 1 - level)).all()
    got = clustered_means(d, ZONES)
    np.testing.assert_allclose(got.p, 2 * student_t.sf(np.abs(got.point / got.se), 3))


def test_nothing_at_all_is_no_finding():
    got = clustered_means(np.zeros((1, 4, 5)))
    assert (got.point[0], got.lower[0], got.upper[0], got.p[0]) == (0, 0, 0, 1)


def test_one_country_tells_of_other_questions_and_one_cell_of_nothing(errors):
    alone = clustered_means(errors[2:, :1])
    assert alone.se[0] == pytest.approx(errors[2, 0].std(ddof=1) / np.sqrt(11))
    assert alone.df[0] == 10
    cell = clustered_means(errors[2:, :1, :1])
    assert np.isnan([cell.se[0], cell.lower[0], cell.p[0]]).all()


def test_a_method_without_cells_is_nan(errors):
    errors[2] = np.nan
    got = clustered_means(errors)
    assert np.isnan([got.point[2], got.lower[2], got.p[2]]).all()
    assert got.cells[2] == 0


@pytest.mark.parametrize(("countries", "expected"), [(1, 0.02), (25, 0.02 / 5)])
def test_personas_sampling_counts_once(countries, expected):
    """Noise alike in all questions of a country: clusters of one country cannot see it, those of many do."""
    rng = np.random.default_rng(3)
    e = 0.3 + rng.normal(0, 0.02, (1, countries, 1)) + np.zeros((1, countries, 8))
    drawn = e + 5.0 + rng.normal(0, 0.02, (300, 1, countries, 1))
    got = clustered_means(e, replicates=drawn)
    assert got.point[0] == pytest.approx(e.mean())
    assert got.se[0] == pytest.approx(expected, rel=0.35)
    if countries == 1:
        assert got.se[0] == pytest.approx(expected, rel=0.1)


def test_zones_are_the_units_where_two_of_them_hold_several_countries():
    assert units_of(["a", "a", "b", "b", "c"]) == ("a", "a", "b", "b", "c")
    assert units_of(["a", "a", "b", "c"]) == ("0", "1", "2", "3")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"errors": np.zeros((3, 4))}, "method, country, question"),
        ({"level": 1.0}, "level"),
        ({"units": ["a"]}, "unit"),
        ({"replicates": np.zeros((2, 3, 9, 10))}, "replicates"),
    ],
)
def test_bad_input_gets_one_clear_line(errors, change, words):
    arguments = {"errors": errors} | change
    with pytest.raises(StatisticsError, match=words):
        clustered_means(arguments.pop("errors"), **arguments)


def test_kept_coverage_lies_between_93_and_97_percent_or_says_why_not():
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))
    assert kept["simulations"] >= 2000
    assert set(kept["designs"]) == set(DESIGNS)
    for name, design in kept["designs"].items():
        shares = dict(design["coverage"])
        sizes = [shares.pop(key) for key in list(shares) if key.startswith("size")]
        assert len(sizes) == 3
        sizes.append(1.0 - shares["slope"])  # its truth is 0
        held = all(0.02 <= size <= 0.08 for size in sizes)
        held &= all(0.93 <= share <= 0.97 for share in shares.values())
        assert held or design["why"], name
        assert all(0.92 <= share <= 0.985 for share in shares.values()), name


@pytest.mark.slow
@pytest.mark.parametrize("name", DESIGNS)
def test_coverage_is_what_was_kept(name):
    kept = json.loads(RESULTS.read_text(encoding="utf-8"))["designs"][name]["coverage"]
    for key, share in simulate_coverage(DESIGNS[name], simulations=500).items():
        assert share == pytest.approx(kept[key], abs=0.03)
