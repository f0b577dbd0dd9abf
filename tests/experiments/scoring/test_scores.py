"""Every score against SciPy, a case worked by hand, and the relations that theory gives."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from scipy.stats import entropy, wasserstein_distance

from value_personas.experiments.scoring import (
    KL_SMOOTHING,
    SCORES,
    Cells,
    directions,
    known_score,
    score,
    score_array,
    score_cells,
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


def test_questions_of_different_scale_lengths_are_scored_each_on_its_own_options():
    rng = np.random.default_rng(2)
    lengths = [4, 10, 2, 4]
    scales = [np.cumsum(rng.uniform(0.5, 2.0, k)) for k in lengths]
    h, q = np.full((2, 3, 5, 4, 10), np.nan)
    for m, k in enumerate(lengths):
        h[..., m, :k], q[..., m, :k] = rng.dirichlet(np.ones(k), size=(2, 3, 5))
    human = h[0]
    human[4, 1] = np.nan  # a country that was not asked
    table = score_array(human, q, scales, ["rps", "variance_ratio"])
    assert list(table) == ["rps", "variance_ratio"]
    for r, c, m in np.ndindex(3, 5, 4):
        k = lengths[m]
        for name, values in table.items():
            assert values.shape == (3, 5, 4)
            alone = np.nan if (c, m) == (4, 1) else score(human[c, m, :k], q[r, c, m, :k], scales[m])[name]
            assert values[r, c, m] == pytest.approx(alone, nan_ok=True)
    assert list(score_array(human, q, scales)) == list(SCORES)


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


def test_a_score_says_how_it_is_read():
    assert directions(["rps"]) == "lower is better"
    assert directions(["rps", "variance_ratio", "simbench"]) == (
        "lower is better, variance ratio: 1, SimBench: higher"
    )
    for one in SCORES.values():
        assert one.meaning.endswith(".")
        assert len(one.meaning) > len(one.heading)


def test_an_unknown_score_is_refused_with_the_nearest():
    with pytest.raises(StatisticsError, match="no score 'wassersteen'; did you mean wasserstein"):
        known_score("wassersteen")


@settings(max_examples=200)
@given(cells())
def test_no_score_lies_beyond_what_is_possible_nor_is_its_interval_cut_short_of_it(cell):
    human, model, scale = cell
    for name, value in score(human, model, scale).items():
        least, most = SCORES[name].possible
        assert np.isnan(value) or least - 1e-9 <= value <= most + 1e-9, name
        if not np.isnan(value) and name != "kl_divergence":  # smoothing may leave a little below 0
            np.testing.assert_allclose(SCORES[name].cut(np.array([value])), value, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("k", [2, 4, 10])
def test_scores_under_a_benchmark_s_name_are_those_of_popfidelity(k):
    pf = pytest.importorskip("popfidelity")
    rng = np.random.default_rng(k)
    human, model = rng.dirichlet(np.full(k, 0.5), 40), rng.dirichlet(np.full(k, 0.5), 40)
    model[0] = np.eye(k)[0]
    scale = np.cumsum(rng.uniform(0.1, 3.0, k)) - 5.0
    ours = score_cells(human, model, scale)
    simbench = [pf.alignment.simbench_score(*one, per_item=True) for one in zip(human, model, strict=True)]
    theirs = {
        "opinionqa_alignment": pf.alignment.opinionqa_alignment(human, model),
        "js_distance": 1.0 - pf.alignment.globalopinionqa_similarity(human, model),
        "simbench": np.array(simbench),
        "wasserstein": pf.metrics.distance(human, model, "normalised_wasserstein", positions=scale),
        "total_variation": pf.metrics.distance(human, model, "total_variation"),
        "variance_ratio": pf.metrics.distance(human, model, "sd_ratio", positions=scale) ** 2,
        "normalised_mae": np.abs(pf.metrics.distance(human, model, "mean_difference", positions=scale))
        / np.ptp(scale),
    }
    for name, values in theirs.items():
        np.testing.assert_allclose(ours[name], values, atol=1e-9, err_msg=name)
