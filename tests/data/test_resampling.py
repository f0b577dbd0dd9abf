"""A sample drawn anew, against theory."""

import numpy as np
import pytest

from value_personas.data import bootstrap_distributions, effective_answers, split_half_distributions
from value_personas.signatures import SurveyError

SCORES = np.arange(1.0, 6.0)


def sample(rows: int = 900, seed: int = 0) -> tuple["np.ndarray", "np.ndarray"]:
    rng = np.random.default_rng(seed)
    return rng.choice(5, rows, p=[0.1, 0.2, 0.4, 0.2, 0.1]), rng.uniform(0.5, 2.0, rows)


def test_bootstrap_spread_is_the_standard_error_of_a_weighted_mean() -> None:
    positions, weights = sample()
    means = bootstrap_distributions(positions, weights, 5, 4000, seed=1) @ SCORES
    answers = SCORES[positions]
    mean = np.average(answers, weights=weights)
    theory = np.sqrt(np.sum((weights * (answers - mean)) ** 2)) / weights.sum()  # linearised ratio estimator
    assert means.std() == pytest.approx(theory, rel=0.05)
    assert means.mean() == pytest.approx(mean, abs=4 * theory / np.sqrt(4000) + 1e-3)


def test_halves_add_up_and_differ_by_twice_the_standard_error() -> None:
    positions, weights = sample()
    halves = split_half_distributions(positions, weights, 5, 3000, seed=2)
    np.testing.assert_allclose(halves.sum(axis=2), 1)
    answers = SCORES[positions]
    mean = np.average(answers, weights=weights)
    theory = np.sqrt(np.sum((weights * (answers - mean)) ** 2)) / weights.sum()
    difference = (halves[:, 0] - halves[:, 1]) @ SCORES
    assert difference.std() == pytest.approx(2 * theory, rel=0.06)


def test_a_larger_sample_spreads_less_and_seeds_decide() -> None:
    def spread(rows: int, seed: int) -> float:
        return float((bootstrap_distributions(*sample(rows), 5, 200, seed=seed) @ SCORES).std())

    assert spread(400, 1) > 1.5 * spread(1600, 1)
    assert spread(400, 1) == spread(400, 1)
    assert spread(400, 1) != spread(400, 2)


@pytest.mark.parametrize(
    ("positions", "weights"),
    [
        ([], []),
        ([0, 5], [1, 1]),
        ([0, -1], [1, 1]),
        ([0, 1], [1, 0]),
        ([0, 1], [1, np.nan]),
        ([0], [1, 1]),
        ([0], [1]),
    ],
)
def test_impossible_samples_are_refused(positions: list[int], weights: list[float]) -> None:
    with pytest.raises(SurveyError):
        split_half_distributions(np.array(positions, dtype=int), np.array(weights, dtype=float), 5, 10)


def taken_in_points(seed: int, points: int) -> tuple["np.ndarray", "np.ndarray", "np.ndarray"]:
    """A sample of ten answers a point, people of one point alike."""
    rng = np.random.default_rng(seed)
    place = np.arange(points).repeat(10)
    value = rng.normal(size=points)[place] + 1.5 * rng.normal(size=len(place))
    return np.digitize(value, [-1.5, -0.5, 0.5, 1.5]), rng.uniform(0.5, 1.5, len(place)), place


@pytest.mark.parametrize("points", [4, 30])
def test_points_drawn_as_a_whole_spread_as_surveys_taken_in_points_do(points: int) -> None:
    """Against the truth: the spread of the means of many surveys, of 4 points too."""
    means, told, halves, one_by_one, effective, variances = [], [], [], [], [], []
    for seed in range(300):
        positions, weights, place = taken_in_points(seed, points)
        answers = SCORES[positions]
        means.append(np.average(answers, weights=weights))
        variances.append(np.average((answers - means[-1]) ** 2, weights=weights))
        told.append((bootstrap_distributions(positions, weights, 5, 60, 1, place) @ SCORES).var(ddof=1))
        one_by_one.append((bootstrap_distributions(positions, weights, 5, 60, 1) @ SCORES).var(ddof=1))
        both = split_half_distributions(positions, weights, 5, 20, 1, place) @ SCORES
        halves.append((both[:, 0] - means[-1]).var())
        effective.append(effective_answers(positions, weights, SCORES, place))
    truth = np.var(means, ddof=1)
    assert np.mean(told) == pytest.approx(truth, rel=0.2)
    assert np.mean(halves) == pytest.approx(truth, rel=0.25)
    assert np.mean(one_by_one) < 0.45 * truth
    assert np.sum(variances) / np.sum(np.array(variances) / effective) == pytest.approx(
        np.mean(variances) / truth, rel=0.2
    )


def test_points_of_one_answer_each_are_answers_one_by_one() -> None:
    positions, weights = sample()
    alone = np.arange(len(positions))
    assert effective_answers(positions, weights, SCORES) == pytest.approx(
        weights.sum() ** 2 / (weights**2).sum()
    )
    assert effective_answers(positions, weights, SCORES, alone) == pytest.approx(
        effective_answers(positions, weights, SCORES), rel=0.05
    )
    spread = [
        (bootstrap_distributions(positions, weights, 5, 3000, 1, points) @ SCORES).std()
        for points in (None, alone)
    ]
    assert spread[0] == pytest.approx(spread[1], rel=0.06)
    same = np.zeros(40, dtype=np.int64)
    assert effective_answers(same, np.ones(40), SCORES, np.arange(40) // 10) == 40


@pytest.mark.parametrize("points", [[0, 0, 0], [0, 2, 2], [0, 1]])
def test_points_that_are_none_are_refused(points: list[int]) -> None:
    with pytest.raises(SurveyError, match="sampling points"):
        bootstrap_distributions(np.array([0, 1, 2]), np.ones(3), 5, 10, 0, np.array(points))
