"""The noise floor against its closed form."""

import numpy as np
import pytest

from value_personas.experiments.inference import noise_floor
from value_personas.signatures import StatisticsError


def test_floor_of_the_mean_agrees_with_the_normal_approximation():
    h, n = np.array([0.1, 0.2, 0.3, 0.4]), 2000
    scores = np.arange(1.0, 5.0)
    resamples = np.random.default_rng(0).multinomial(n, h, size=4000) / n
    sd = np.sqrt(h @ scores**2 - (h @ scores) ** 2) / np.sqrt(n)
    got = noise_floor(h, resamples, scores)
    assert got["normalised_mae"] == pytest.approx(sd * np.sqrt(2 / np.pi) / 3, rel=0.03)
    assert got["variance_ratio"] == pytest.approx(1.0, abs=0.01)
    assert 0 < got["wasserstein"] < 0.02


def test_split_halves_may_be_given_in_pairs():
    halves = np.random.default_rng(1).dirichlet(np.ones(3), size=(2, 6))
    got = noise_floor(halves[0], halves[1], [1, 2, 3])
    assert got["total_variation"] == pytest.approx(np.abs(halves[0] - halves[1]).sum(axis=1).mean() / 2)


def test_bad_input_gets_one_clear_line():
    with pytest.raises(StatisticsError, match="shape"):
        noise_floor([0.5, 0.5], [0.5, 0.5], [1, 2])
