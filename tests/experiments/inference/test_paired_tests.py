"""Paired tests against SciPy and cases worked by hand."""

import numpy as np
import pytest
from scipy import stats

from value_personas.experiments.inference import holm, sign_flip_p, unit_totals, wilcoxon_p
from value_personas.signatures import StatisticsError


def test_sign_flips_by_hand():
    # |sum| of the 8 sign patterns of (1, 2, 4): 7 5 3 1 1 3 5 7; two reach 7.
    assert sign_flip_p([1.0, 2.0, 4.0]) == pytest.approx(2 / 8)
    assert sign_flip_p([-1.0, 2.0, 4.0]) == pytest.approx(4 / 8)
    assert sign_flip_p([0.0, 0.0]) == 1.0


def test_random_sign_flips_agree_with_scipy():
    d = np.random.default_rng(4).normal(0.25, 1.0, 40)
    reference = stats.permutation_test(
        (d,), np.mean, permutation_type="samples", n_resamples=40_000, rng=np.random.default_rng(0)
    ).pvalue
    assert sign_flip_p(d, draws=40_000) == pytest.approx(reference, abs=0.01)


def test_sign_flips_hold_their_level():
    rng = np.random.default_rng(11)
    p = [sign_flip_p(rng.standard_t(3, size=10)) for _ in range(600)]
    assert np.mean(np.array(p) <= 0.05) == pytest.approx(0.05, abs=0.02)


@pytest.mark.parametrize("n", [1, 2, 5, 12, 25, 50, 51])
@pytest.mark.parametrize("tied", [False, True])
def test_wilcoxon_is_that_of_scipy_to_the_last_digit(n: int, tied: bool):
    for seed in range(2 if tied and n == 12 else 5):  # SciPy goes through all 4,096 signs, for a second
        d = np.random.default_rng(seed).normal(0.3, 1.0, n)
        d = np.round(d, 1) + 0.05 if tied else d
        assert wilcoxon_p(d) == stats.wilcoxon(d).pvalue


def test_wilcoxon_by_hand():
    # All five of one sign: 2 of the 32 sign patterns are as extreme.
    assert wilcoxon_p([0.1, 0.2, 0.3, 0.4, 0.5]) == pytest.approx(2 / 32)
    assert wilcoxon_p([0.0, 0.0]) == 1.0
    assert np.isnan(wilcoxon_p([np.nan]))


def test_holm_by_hand():
    np.testing.assert_allclose(holm([0.01, 0.04, 0.03, np.nan]), [0.03, 0.06, 0.06, np.nan])
    np.testing.assert_allclose(holm([0.9, 0.8]), [1.0, 1.0])
    with pytest.raises(StatisticsError, match=r"\[0, 1\]"):
        holm([1.2])


def test_units_are_countries_or_their_zones():
    d = np.array([[1.0, 3.0], [np.nan, 4.0], [np.nan, np.nan], [0.0, 2.0]])
    np.testing.assert_allclose(unit_totals(d, "abcd"), ([4.0, 4.0, 2.0], [2.0, 4.0, 1.0]))
    np.testing.assert_allclose(unit_totals(d, "abba"), ([6.0, 4.0], [1.5, 4.0]))
