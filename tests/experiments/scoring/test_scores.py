"""Every score against SciPy, a case worked by hand, and the relations that theory gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, pearsonr, spearmanr, wasserstein_distance

from value_personas.experiments.scoring import (
    KL_SMOOTHING,
    SCORES,
    Cells,
    country_deviation,
    pearson,
    score,
    score_cells,
    spearman,
    summarise_variance_ratios,
)
from value_personas.programs.calibration import tilt
from value_personas.signatures import StatisticsError

# One case by hand. h = (.1 .2 .3 .4), q = (.4 .4 .1 .1) on 1, 3, 5, 9: E_h = 5.8, E_q = 3.0, range 8.
HUMAN, MODEL, SCALE = [0.1, 0.2, 0.3, 0.4], [0.4, 0.4, 0.1, 0.1], [1.0, 3.0, 5.0, 9.0]
BY_HAND = {
    "normalised_mae": 2.8 / 8,
    "signed_bias": -2.8 / 8,
    "wasserstein": (0.3 * 2 + 0.5 * 2 + 0.3 * 4) / 8,
    "total_variation": 0.5,
    "rps": (0.09 + 0.25 + 0.09) / 3,
    "variance_ratio": 5.6 / 8.16,
    "opinionqa_alignment": 1 - 1.1 / 3,
    "simbench": 100 * (1 - 0.5 / 0.2),
    "js_distance": np.sqrt(
        0.5 * (0.1 * np.log2(0.4) + 0.2 * np.log2(2 / 3) + 0.3 * np.log2(1.5) + 0.4 * np.log2(1.6))
        + 0.5 * (0.4 * np.log2(1.6) + 0.4 * np.log2(4 / 3) + 0.1 * np.log2(0.5) + 0.1 * np.log2(0.4))
    ),
    "kl_divergence": sum(h * np.log2(h / ((q + 0.001) / 1.004)) for h, q in zip(HUMAN, MODEL, strict=True)),
}


@pytest.mark.parametrize("name", SCORES)
def test_by_hand(name):
    assert score(HUMAN, MODEL, SCALE)[name] == pytest.approx(BY_HAND[name], abs=1e-12)


@pytest.mark.parametrize("name", SCORES)
def test_a_perfect_prediction_gets_the_best_value(name):
    got = score(HUMAN, HUMAN, SCALE)[name]
    # Smoothing makes even a perfect prediction pay a little in KL.
    assert got == pytest.approx(SCORES[name].best, abs=0.01 if name == "kl_divergence" else 1e-12)


@st.composite
def cells(draw):
    k = draw(st.integers(2, 11))
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    h, q = rng.dirichlet(np.full(k, draw(st.sampled_from([0.1, 1.0, 20.0]))), size=2)
    scores = np.cumsum(rng.uniform(0.1, 3.0, k)) - 5.0
    return h, q, scores[:: draw(st.sampled_from([1, -1]))]


@given(cells())
@settings(max_examples=200, deadline=None)
def test_agrees_with_scipy(case):
    h, q, scores = case
    got, k = score(h, q, scores), len(scores)
    places = np.arange(k)
    assert got["wasserstein"] == pytest.approx(
        wasserstein_distance(scores, scores, q, h) / np.ptp(scores), abs=1e-12
    )
    assert got["opinionqa_alignment"] == pytest.approx(
        1 - wasserstein_distance(places, places, q, h) / (k - 1), abs=1e-12
    )
    assert got["js_distance"] == pytest.approx(jensenshannon(h, q, base=2), abs=1e-7)
    assert got["kl_divergence"] == pytest.approx(entropy(h, q + KL_SMOOTHING, base=2), abs=1e-12)
    human = np.cov(scores, aweights=h, ddof=0)
    if human > 1e-9:  # below, both sides divide by what rounding left of a point mass
        assert got["variance_ratio"] == pytest.approx(np.cov(scores, aweights=q, ddof=0) / human, rel=1e-6)


@given(cells())
@settings(max_examples=200, deadline=None)
def test_relations_between_scores(case):
    h, q, scores = case
    got = score(h, q, scores)
    assert got["wasserstein"] >= got["normalised_mae"] - 1e-12
    assert abs(got["signed_bias"]) == pytest.approx(got["normalised_mae"], abs=1e-15)
    assert got["wasserstein"] <= got["total_variation"] + 1e-12
    turned = score(h, q, -scores)
    for name in SCORES:
        sign = -1 if name == "signed_bias" else 1
        assert turned[name] == pytest.approx(sign * got[name], rel=1e-9, abs=1e-12)


@given(cells())
@settings(max_examples=100, deadline=None)
def test_calibration_cannot_change_the_error_of_the_mean(case):
    h, q, scores = case
    before, after = score(h, q, scores), score(h, tilt(q, scores, 3.0), scores)
    assert after["normalised_mae"] == pytest.approx(before["normalised_mae"], abs=1e-9)


def test_rps_plus_the_humans_own_is_the_mean_score_over_answers():
    h, q = np.array(HUMAN), np.array(MODEL)
    steps = np.tril(np.ones((4, 4))).T  # row j: the distribution function of answer j
    over_answers = h @ ((np.cumsum(q) - steps) ** 2).sum(axis=1) / 3
    own = (np.cumsum(h) * (1 - np.cumsum(h))).sum() / 3
    assert score(h, q, SCALE)["rps"] + own == pytest.approx(over_answers)


def test_cells_of_different_scale_lengths_stand_in_one_array():
    rng = np.random.default_rng(1)
    mask = np.arange(10) < np.array([10, 4, 2])[:, None]
    p = rng.dirichlet(np.ones(10), size=(2, 5, 3)) * mask
    h, q = np.where(mask, p / p.sum(axis=-1, keepdims=True), np.nan)
    scores = np.where(mask, np.arange(10.0), np.nan)
    table = score_cells(h, q, scores, mask)
    for m, k in enumerate([10, 4, 2]):
        alone = score(h[2, m, :k], q[2, m, :k], np.arange(float(k)))
        for name in SCORES:
            assert table[name].shape == (5, 3)
            assert table[name][2, m] == pytest.approx(alone[name], nan_ok=True)


@pytest.mark.parametrize("name", SCORES)
def test_a_missing_cell_is_nan_and_leaves_the_others(name):
    h = np.array([HUMAN, [np.nan] * 4, HUMAN])
    q = np.array([MODEL, MODEL, [np.nan] * 4])
    got = score_cells(h, q, SCALE)[name]
    np.testing.assert_array_equal(np.isnan(got), [False, True, True])


def test_undefined_is_nan_and_never_zero():
    assert np.isnan(score([0, 1, 0], [*MODEL[:2], 0.2], [1, 2, 3])["variance_ratio"])
    assert np.isnan(score([0.25] * 4, MODEL, SCALE)["simbench"])


@pytest.mark.parametrize(
    ("human", "model", "scores", "words"),
    [
        ([0.5, 0.5], [0.5, 0.6], [1, 2], "sum to 1"),
        ([0.5, 0.5], [0.5, np.nan], [1, 2], "NaN throughout"),
        ([0.5, 0.5], [1.5, -0.5], [1, 2], "probabilities ≥ 0"),
        ([0.5, 0.5], [0.2, 0.3, 0.5], [1, 2], "must match"),
        ([0.5, 0.5], [0.5, 0.5], [1, 2, 3], "must fit"),
        ([0.5, 0.5], [0.5, 0.5], [1, 1], "strictly"),
        ([0.2, 0.3, 0.5], [0.2, 0.3, 0.5], [1, 3, 2], "strictly"),
        ([0.5, 0.5], [0.5, 0.5], [1, np.inf], "finite"),
        ([1.0], [1.0], [1], "two options"),
    ],
)
def test_bad_input_gets_one_clear_line(human, model, scores, words):
    with pytest.raises(StatisticsError, match=words) as caught:
        score(human, model, scores)
    assert "\n" not in str(caught.value)


def test_the_mask_must_name_the_first_options():
    with pytest.raises(StatisticsError, match="come first"):
        Cells.check([[0.5, 0, 0.5]], [[0.5, 0, 0.5]], [1, 2, 3], [True, False, True])


def test_variance_ratios_are_summarised_on_the_log_scale():
    got = summarise_variance_ratios(np.array([[0.5, 2.0], [np.nan, 0.25]]))
    assert got.median_log == pytest.approx(np.log(0.5))
    assert (got.share_below_one, got.cells) == (pytest.approx(2 / 3), 3)
    assert summarise_variance_ratios(np.array([0.0, 0.0, 1.0])).median_log == -np.inf
    assert np.isnan(summarise_variance_ratios(np.array([np.nan])).median_log)


def test_country_deviation_forgives_a_shared_bias_only():
    human = np.array([[1.0, 2.0], [3.0, 2.5], [2.0, np.nan]])
    model = human + 5.0
    np.testing.assert_allclose(
        country_deviation(human, model, np.array([4.0, 4.0])), [[0, 0], [0, 0], [0, np.nan]], atol=1e-15
    )
    model[0, 0] += 3.0  # errors 8, 5, 5: mean 6, so 2, 1 and 1 points of 4
    got = country_deviation(human, model, np.array([4.0, 4.0]))
    np.testing.assert_allclose(got[:, 0], [0.5, 0.25, 0.25])


def test_country_deviation_of_one_country_is_undefined():
    assert np.isnan(country_deviation(np.array([[1.0]]), np.array([[2.0]]), np.array([3.0]))).all()


def test_correlations_agree_with_scipy_and_leave_gaps_out():
    rng = np.random.default_rng(5)
    h, q = rng.normal(size=(2, 12, 3)).round(1)
    h[3, 0], q[7, 0] = np.nan, np.nan
    keep = [i for i in range(12) if i not in (3, 7)]
    q[:, 2] = 1.0
    np.testing.assert_allclose(pearson(h, q)[0], pearsonr(h[keep, 0], q[keep, 0])[0])
    np.testing.assert_allclose(spearman(h, q)[0], spearmanr(h[keep, 0], q[keep, 0])[0])
    np.testing.assert_allclose(spearman(h, q)[1], spearmanr(h[:, 1], q[:, 1])[0])
    assert np.isnan(pearson(h, q)[2])
    assert np.isnan(pearson(h[:2], q[:2])).all()
