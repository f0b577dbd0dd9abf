"""The tilt against high precision, and every statement made about it."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq
from scipy.special import logsumexp

from tests.programs.calibration.strategies import TEMPERATURES, distributions
from value_personas.programs.calibration import tilt
from value_personas.signatures import StatisticsError

ONE_TO_TEN = np.arange(1.0, 11.0)


def exact_tilt(p, scores, temperature):
    """The tilt by bisection with 400 bits, independent of the code under test."""
    with mpmath.workprec(400):
        logs = [mpmath.log(mpmath.mpf(float(x))) / mpmath.mpf(temperature) if x > 0 else None for x in p]
        total = mpmath.fsum(mpmath.mpf(float(x)) for x in p)
        r = [mpmath.mpf(float(x)) for x in scores]
        m = mpmath.fsum(mpmath.mpf(float(x)) * y for x, y in zip(p, r, strict=True)) / total

        def law(beta):
            exponents = [None if a is None else a + beta * (y - m) for a, y in zip(logs, r, strict=True)]
            top = max(e for e in exponents if e is not None)
            w = [mpmath.mpf(0) if e is None else mpmath.exp(e - top) for e in exponents]
            z = mpmath.fsum(w)
            return [x / z for x in w]

        def gap(beta):
            return mpmath.fsum(x * (y - m) for x, y in zip(law(beta), r, strict=True))

        low, high = mpmath.mpf(-1), mpmath.mpf(1)
        while gap(low) > 0:
            low *= 2
        while gap(high) < 0:
            high *= 2
        for _ in range(330):
            middle = (low + high) / 2
            low, high = (middle, high) if gap(middle) < 0 else (low, middle)
        return np.array([float(x) for x in law((low + high) / 2)])


def relative_mean_error(p, q, scores):
    return abs((q - p) @ scores) / np.ptp(scores)


@pytest.mark.parametrize(
    ("p", "temperature"),
    [
        ([0.7, 0.1, 0.1, 0.05, 0.05], 2.0),
        ([0.7, 0.1, 0.1, 0.05, 0.05], 0.05),
        ([0.7, 0.1, 0.1, 0.05, 0.05], 1e4),
        ([1 - 1e-9, 0.0, 5e-10, 0.0, 5e-10], 3.0),
        ([1.0, 1e-300, 1e-12, 0.0, 0.0], 5.0),
        ([1e-300, 1.0, 1e-300, 1e-200, 0.0], 50.0),
        ([1e-300, 1e-12, 1e-9, 1e-6, 1.0], 0.05),
        ([0.45, 0.05, 0.0, 0.05, 0.45], 4.0),
    ],
)
@pytest.mark.parametrize("scores", [[1, 2, 3, 4, 5], [10, 8, 5, 3, 1], [-2.0, 0.1, 0.2, 7.0, 30.0]])
def test_agrees_with_400_bit_arithmetic(p, temperature, scores):
    p = np.array(p) / np.sum(p)
    exact = exact_tilt(p, scores, temperature)
    q = tilt(p, scores, temperature)
    np.testing.assert_allclose(q, exact, rtol=0, atol=2e-12)
    # Small probabilities keep their digits, too: those are what a KL divergence sees.
    seen = exact > 1e-290
    np.testing.assert_allclose(q[seen], exact[seen], rtol=1e-8)


def test_agrees_with_brentq_on_a_thousand_rows():
    p = np.random.default_rng(3).dirichlet(np.full(7, 0.6), size=1000)
    scores = np.array([0.0, 1.0, 1.5, 4.0, 5.0, 9.0, 10.0])

    def by_brentq(row):
        a = np.log(row) / 2.5
        beta = brentq(
            lambda b: np.exp(a + b * scores - logsumexp(a + b * scores)) @ scores - row @ scores,
            -90,
            90,
            xtol=1e-14,
        )
        return np.exp(a + beta * scores - logsumexp(a + beta * scores))

    np.testing.assert_allclose(tilt(p, scores, 2.5), [by_brentq(row) for row in p], atol=2e-11)


@given(distributions(), TEMPERATURES)
@settings(max_examples=400, deadline=None)
def test_keeps_the_mean(case, temperature):
    p, scores = case
    q = tilt(p, scores, temperature)
    assert relative_mean_error(p, q, scores) <= 1e-10
    assert abs(q.sum() - 1.0) < 1e-12


@given(distributions(min_k=90, max_k=100), TEMPERATURES)
@settings(max_examples=25, deadline=None)
def test_keeps_the_mean_of_a_hundred_options(case, temperature):
    p, scores = case
    assert relative_mean_error(p, tilt(p, scores, temperature), scores) <= 1e-10


@given(distributions())
@settings(max_examples=100, deadline=None)
def test_temperature_one_changes_nothing(case):
    p, scores = case
    np.testing.assert_allclose(tilt(p, scores, 1.0), p, rtol=1e-12, atol=1e-300)


@given(distributions(), TEMPERATURES, st.floats(-50, 50), st.floats(0.01, 100), st.booleans())
@settings(max_examples=150, deadline=None)
def test_affine_changes_of_the_scores_leave_q_unchanged(case, temperature, shift, unit, turned):
    p, scores = case
    moved = shift + (-unit if turned else unit) * scores
    # atol: the shift itself rounds the scores, by up to 1e-13 of the range.
    np.testing.assert_allclose(tilt(p, moved, temperature), tilt(p, scores, temperature), atol=1e-9)


@given(distributions(), TEMPERATURES)
@settings(max_examples=100, deadline=None)
def test_zeros_stay_zeros(case, temperature):
    p, scores = case
    q = tilt(p, scores, temperature)
    assert (q[p == 0.0] == 0.0).all()


@given(st.integers(0, 6), TEMPERATURES)
def test_a_point_mass_stays_a_point_mass(place, temperature):
    p = np.eye(7)[place]
    np.testing.assert_array_equal(tilt(p, np.arange(7.0), temperature), p)


@given(st.floats(0.0, 1.0), TEMPERATURES)
@settings(max_examples=200, deadline=None)
def test_a_two_option_question_is_unchanged_for_every_temperature(share, temperature):
    p = np.array([share, 1.0 - share])
    np.testing.assert_allclose(tilt(p, [1.0, 2.0], temperature), p, rtol=1e-9, atol=1e-300)


@pytest.mark.parametrize("temperature", [0.05, 2.0, 100.0])
def test_a_two_option_question_keeps_a_tiny_share(temperature):
    q = tilt([1.0, 1e-300], [0.0, 1.0], temperature)
    assert q[1] == pytest.approx(1e-300, rel=1e-9)


@given(st.lists(st.floats(-3.0, 0.0), min_size=9, max_size=9), st.floats(-4.0, 4.0))
@settings(max_examples=150, deadline=None)
def test_variance_rises_with_temperature_where_p_is_log_concave(second_differences, start):
    slopes = start + np.concatenate([[0.0], np.cumsum(second_differences[1:])])
    logs = np.concatenate([[0.0], np.cumsum(slopes)])
    log_p = logs - logsumexp(logs)
    temperatures = np.array([0.3, 1.0, 1.7, 4.0, 30.0, 1e4])
    q = np.exp(tilt(np.tile(log_p, (6, 1)), ONE_TO_TEN, temperatures, log=True))
    variance = q @ ONE_TO_TEN**2 - (q @ ONE_TO_TEN) ** 2
    assert (np.diff(variance) >= -1e-10).all()
    assert variance.max() <= 8.25 + 1e-9


def test_variance_falls_with_temperature_where_p_is_u_shaped():
    p = np.array([0.30, 0.12, 0.05, 0.02, 0.01, 0.01, 0.02, 0.05, 0.12, 0.30])
    q = tilt(np.tile(p, (4, 1)), ONE_TO_TEN, [0.5, 1.0, 2.0, 50.0])
    variance = q @ ONE_TO_TEN**2 - (q @ ONE_TO_TEN) ** 2
    assert (np.diff(variance) < 0).all()


def test_variance_need_not_be_monotone():
    p = np.array([0.2, 1e-9, 1e-9, 1e-9, 0.3, 0.3, 1e-9, 1e-9, 1e-9, 0.2])
    p /= p.sum()
    temperatures = np.geomspace(0.3, 1e3, 40)
    q = tilt(np.tile(p, (40, 1)), ONE_TO_TEN, temperatures)
    steps = np.sign(np.diff(q @ ONE_TO_TEN**2))
    assert (steps > 0).any()
    assert (steps < 0).any()


def test_a_hot_tilt_approaches_the_maximum_entropy_law():
    q = tilt([0.05, 0.1, 0.15, 0.2, 0.5], [1, 2, 3, 4, 5], 1e4)
    ratios = q[1:] / q[:-1]
    np.testing.assert_allclose(ratios, ratios[0], rtol=1e-3)


def test_log_probabilities_below_the_smallest_double_are_used():
    log_p = np.array([0.0, -2000.0, -4000.0, -2000.0])
    q = tilt(log_p, [2, 1, 3, 4], 1000.0, log=True)
    assert np.isfinite(q).all()
    np.testing.assert_allclose(np.exp(q).sum(), 1.0)


def test_masked_options_do_not_count():
    p = np.array([[0.2, 0.3, 0.5, np.nan], [0.1, 0.2, 0.3, 0.4]])
    mask = np.array([[True, True, True, False], [True] * 4])
    scores = np.array([[1.0, 2.0, 3.0, np.nan], [4.0, 3.0, 2.0, 1.0]])
    q = tilt(p, scores, 3.0, mask=mask)
    np.testing.assert_allclose(q[0], [*tilt(p[0, :3], [1, 2, 3], 3.0), 0.0])
    np.testing.assert_allclose(q[1], tilt(p[1], [4, 3, 2, 1], 3.0))


def test_rows_do_not_depend_on_their_neighbours():
    p = np.random.default_rng(0).dirichlet(np.ones(5), size=(3, 4000))  # more than one block
    q = tilt(p, np.arange(5.0), np.array([[0.5], [2.0], [9.0]]))
    np.testing.assert_array_equal(q[2, 3999], tilt(p[2, 3999], np.arange(5.0), 9.0))
    assert q.shape == p.shape


def test_constant_scores_have_no_mean_to_lose():
    np.testing.assert_allclose(tilt([0.64, 0.36], [3.0, 3.0], 2.0), [0.8 / 1.4, 0.6 / 1.4])


@pytest.mark.parametrize(
    ("p", "scores", "temperature", "words"),
    [
        ([0.5, 0.6], [1, 2], 2.0, "sum to 1"),
        ([0.5, np.nan], [1, 2], 2.0, "distribution 0"),
        ([1.5, -0.5], [1, 2], 2.0, "probabilities ≥ 0"),
        ([0.5, 0.5], [1, 2, 3], 2.0, "scores of shape"),
        ([0.5, 0.5], [1, np.inf], 2.0, "finite"),
        ([0.5, 0.5], [1, 2], 0.0, "above 0"),
        ([0.5, 0.5], [1, 2], -1.0, "above 0"),
        ([0.5, 0.5], [1, 2], np.nan, "above 0"),
        ([0.5, 0.5], [1, 2], [1.0, 2.0], "temperatures of shape"),
        (0.5, [1], 2.0, "axis of options"),
        (["a", "b"], [1, 2], 2.0, "numbers"),
    ],
)
def test_bad_input_gets_one_clear_line(p, scores, temperature, words):
    with pytest.raises(StatisticsError, match=words) as caught:
        tilt(p, scores, temperature)
    assert "\n" not in str(caught.value)


def test_a_bad_row_is_named_by_its_place_in_the_whole():
    p = np.full((10_000, 2), 0.5)
    p[9_001, 0] = 0.7
    with pytest.raises(StatisticsError, match="distribution 9001"):
        tilt(p, [0, 1], 2.0)
