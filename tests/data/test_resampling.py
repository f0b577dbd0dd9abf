"""A sample drawn anew, against theory."""

import numpy as np
import pytest

from value_personas.data import bootstrap_distributions, split_half_distributions
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
