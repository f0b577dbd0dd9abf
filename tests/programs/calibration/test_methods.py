"""The comparators: what each keeps, and cases worked by hand."""

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from tests.programs.calibration.strategies import distributions
from value_personas.programs.calibration import (
    METHODS,
    DirichletCalibration,
    Distributions,
    EndPointMix,
    MaximumEntropyMix,
    MethodName,
    PlainTemperature,
    PooledShape,
    Tilt,
    Uncalibrated,
    UniformShrinkage,
    calibrate,
    fit_dirichlet,
    pool_shape,
    smooth,
    tilt,
)
from value_personas.signatures import StatisticsError

SKEWED = np.array([0.7, 0.2, 0.06, 0.03, 0.01])
FIVE = np.arange(1.0, 6.0)


def every_calibrator(k):
    return [
        Uncalibrated(),
        Tilt(2.5),
        PlainTemperature(2.5),
        UniformShrinkage(0.3),
        MaximumEntropyMix(0.3),
        EndPointMix(0.3),
        PooledShape(0.6, np.arange(1.0, k + 1) / np.arange(1.0, k + 1).sum()),
        DirichletCalibration(0.5 * np.eye(k), np.linspace(-1, 1, k)),
    ]


def test_every_method_is_listed_and_named():
    assert [type(one) for one in every_calibrator(5)] == list(METHODS.values())
    assert get_args(MethodName) == tuple(METHODS)


@given(distributions(), st.integers(0, 7))
@settings(max_examples=300, deadline=None)
def test_those_that_say_so_keep_the_mean_of_every_row(case, which):
    p, scores = case
    method = every_calibrator(len(p))[which]
    if method.name == "dirichlet":
        p = 0.9 * p + 0.1 / len(p)
    q = calibrate(method, p, scores)
    assert q.sum() == pytest.approx(1.0)
    assert (q >= 0.0).all()
    if method.keeps_mean:
        assert abs((q - p) @ scores) <= 1e-9 * np.ptp(scores)


@pytest.mark.parametrize("method", every_calibrator(5), ids=lambda m: m.name)
def test_the_others_do_move_it(method):
    moved = abs((calibrate(method, SKEWED, FIVE) - SKEWED) @ FIVE) > 1e-3
    assert moved == (not method.keeps_mean)


@pytest.mark.parametrize("method", every_calibrator(3)[:6], ids=lambda m: m.name)
def test_options_outside_the_mask_get_nothing(method):
    q = calibrate(method, [0.2, 0.3, 0.5, 0.0], [1, 2, 3, 4], mask=[True, True, True, False])
    np.testing.assert_allclose(q, [*calibrate(method, [0.2, 0.3, 0.5], [1, 2, 3]), 0.0], atol=1e-15)


def test_by_hand():
    np.testing.assert_allclose(calibrate(PlainTemperature(2.0), [0.64, 0.36], [0, 1]), [0.8 / 1.4, 0.6 / 1.4])
    np.testing.assert_allclose(calibrate(UniformShrinkage(0.5), [1.0, 0.0], [0, 1]), [0.75, 0.25])
    np.testing.assert_allclose(calibrate(EndPointMix(1.0), [0, 1, 0, 0, 0], FIVE), [0.75, 0, 0, 0, 0.25])
    np.testing.assert_allclose(
        calibrate(EndPointMix(1.0), [0, 1, 0, 0, 0], FIVE[::-1]), [0.75, 0, 0, 0, 0.25]
    )
    np.testing.assert_allclose(
        calibrate(MaximumEntropyMix(1.0), [0, 0, 1, 0, 0], FIVE), [0.2] * 5, atol=1e-12
    )
    np.testing.assert_array_equal(calibrate(Tilt(3.0), SKEWED, FIVE), tilt(SKEWED, FIVE, 3.0))


def test_end_points_reach_the_largest_variance_for_the_mean():
    q = calibrate(EndPointMix(1.0), SKEWED, FIVE)
    m = SKEWED @ FIVE
    assert q @ (FIVE - m) ** 2 == pytest.approx((m - 1) * (5 - m))


def test_the_maximum_entropy_law_has_the_largest_entropy_for_the_mean():
    law = calibrate(MaximumEntropyMix(1.0), SKEWED, FIVE)
    best = minimize(
        lambda q: q @ np.log(np.maximum(q, 1e-300)),
        np.full(5, 0.2),
        bounds=[(1e-9, 1)] * 5,
        constraints=[
            {"type": "eq", "fun": lambda q: q.sum() - 1},
            {"type": "eq", "fun": lambda q: (q - SKEWED) @ FIVE},
        ],
        tol=1e-12,
    ).x
    np.testing.assert_allclose(law, best, atol=1e-5)


def test_a_pooled_shape_at_its_own_mean_is_itself():
    shape = np.array([0.1, 0.2, 0.4, 0.2, 0.1])
    np.testing.assert_allclose(
        calibrate(PooledShape(1.0, shape), [0.5, 0, 0, 0, 0.5], FIVE), shape, atol=1e-12
    )
    np.testing.assert_allclose(pool_shape(np.array([[1.0, 0.0], [0.5, 0.5]]), floor=0.2), [0.7, 0.3])


def test_dirichlet_calibration_recovers_a_planted_map():
    rng = np.random.default_rng(0)
    log_p = np.log(rng.dirichlet(np.ones(3), size=400))
    logits = log_p @ np.array([[0.4, 0.0, 0.1], [0.0, 0.7, 0.0], [0.2, 0.0, 0.5]]).T + [0.5, 0.0, -0.5]
    human = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    w, b = fit_dirichlet(log_p, human, penalty=0.0)
    got = calibrate(DirichletCalibration(w, b), log_p, [1, 2, 3], log=True)
    np.testing.assert_allclose(got, human, atol=1e-3)


def test_a_heavy_penalty_leaves_a_temperature_for_each_option():
    rng = np.random.default_rng(1)
    log_p = np.log(rng.dirichlet(np.ones(3), size=50))
    w, b = fit_dirichlet(log_p, rng.dirichlet(np.ones(3), size=50), penalty=1e6)
    assert np.abs(w - np.diag(np.diag(w))).max() < 1e-3
    assert np.abs(b).max() < 1e-3


def test_smoothing_by_hand():
    rows = Distributions.check([0.75, 0.25, 0.0], [1, 2, 3])
    moved = smooth(rows, draws=4, alpha=0.5, keep_mean=False)
    np.testing.assert_allclose(moved.p[:, 0], [3.5 / 5.5, 1.5 / 5.5, 0.5 / 5.5])
    kept = smooth(rows, draws=4, alpha=0.5, keep_mean=True)
    assert kept.mean[0] == pytest.approx(1.25, abs=1e-12)
    assert kept.p[2, 0] > 0.01
    assert smooth(rows, draws=4, alpha=0.0, keep_mean=True) is rows


@given(distributions(), st.floats(0.01, 5.0), st.floats(0.1, 100.0))
@settings(max_examples=100, deadline=None)
def test_smoothing_that_keeps_the_mean_then_tilting_is_one_tilt_to_the_raw_mean(case, alpha, temperature):
    p, scores = case
    rows = Distributions.check(p, scores)
    kept = smooth(rows, draws=20, alpha=alpha, keep_mean=True)
    q = Tilt(temperature)(kept)[:, 0]
    assert abs((q - p) @ scores) <= 2e-9 * np.ptp(scores)


def test_draws_all_on_one_end_stay_there_when_the_mean_is_kept():
    rows = Distributions.check([1.0, 0.0, 0.0], [1, 2, 3])
    np.testing.assert_array_equal(smooth(rows, 10, 1.0, keep_mean=True).p[:, 0], [1, 0, 0])


@pytest.mark.parametrize(
    ("act", "words"),
    [
        (lambda: calibrate(EndPointMix(1.5), SKEWED, FIVE), r"\[0, 1\]"),
        (lambda: calibrate(PooledShape(0.5, np.ones(4) / 4), SKEWED, FIVE), "4 options"),
        (lambda: calibrate(DirichletCalibration(np.eye(2), np.zeros(2)), [1.0, 0.0], [1, 2]), "smooth"),
        (lambda: fit_dirichlet(np.log([[1.0, 1e-9]]) - [[0, np.inf]], np.array([[0.5, 0.5]]), 0.1), "smooth"),
        (lambda: smooth(Distributions.check(SKEWED, FIVE), 10, -1.0, keep_mean=True), "alpha"),
        (lambda: pool_shape(np.empty((0, 3))), "training distributions"),
    ],
)
def test_bad_input_gets_one_clear_line(act, words):
    with pytest.raises(StatisticsError, match=words):
        act()
