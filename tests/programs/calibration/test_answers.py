"""Widening at both levels: the mean stays, and the parts of the variance add up."""

import numpy as np
import pytest

from tests.builders import TEN, question
from value_personas.programs.calibration import tilt
from value_personas.programs.calibration.answers import calibrate_estimate, tilt_answers
from value_personas.programs.population import PopulationEstimate, estimate_populations
from value_personas.signatures import Persona

QUESTIONS = [question("Q1"), question("Q3", TEN)]
R = np.arange(1.0, 11.0)


@pytest.fixture
def estimate() -> PopulationEstimate:
    rng = np.random.default_rng(5)
    log_p = np.full((6, 2, 10), np.nan)
    log_p[:, 0, :4] = np.log(rng.dirichlet(np.full(4, 0.4), 6))
    log_p[:, 1] = np.log(rng.dirichlet(np.full(10, 0.4), 6))
    log_p[:3, 0] = np.nan  # nobody of the first country answered the first question
    people = [Persona("values", f"{i}", (i % 3 + 1) / 6, "XNA" if i < 3 else "XNB") for i in range(6)]
    return estimate_populations(people, QUESTIONS, log_p)


def test_every_average_is_tilted_and_keeps_its_mean(estimate: PopulationEstimate) -> None:
    widened = calibrate_estimate(estimate, 3.0)
    for c in range(2):
        before, after = estimate.probabilities[c, 1], widened.probabilities[c, 1]
        np.testing.assert_allclose(after, tilt(before, R, 3.0), atol=1e-12)
        assert np.abs(after - before).max() > 0.01
        assert after @ R == pytest.approx(before @ R, abs=1e-9)
    np.testing.assert_allclose(widened.probabilities[1, 0, :4].sum(), 1.0)
    assert np.isnan(widened.probabilities[0, 0]).all()


def test_what_widening_adds_counts_as_within(estimate: PopulationEstimate) -> None:
    widened = calibrate_estimate(estimate, 3.0)
    q = widened.probabilities[:, 1]
    total = q @ R**2 - (q @ R) ** 2
    np.testing.assert_allclose(widened.variance_within[:, 1] + widened.variance_between[:, 1], total)
    np.testing.assert_array_equal(widened.variance_between, estimate.variance_between)
    assert np.isnan(widened.variance_within[0, 0])


def test_a_temperature_of_one_changes_nothing(estimate: PopulationEstimate) -> None:
    same = calibrate_estimate(estimate, 1.0)
    np.testing.assert_allclose(same.probabilities, estimate.probabilities, atol=1e-12)
    np.testing.assert_allclose(same.variance_within, estimate.variance_within, atol=1e-9)


def test_stored_answers_are_tilted_one_by_one_whatever_axes_come_before() -> None:
    rng = np.random.default_rng(6)
    log_p = np.full((2, 3, 2, 10), np.nan)
    log_p[..., 0, :4], log_p[..., 1, :] = (np.log(rng.dirichlet(np.ones(k), (2, 3))) for k in (4, 10))
    log_p[1, 2, 0] = np.nan
    scores = [q.scale.values for q in QUESTIONS]
    got = tilt_answers(log_p, scores, 2.5)
    for c, n, m in np.ndindex(2, 3, 2):
        k = len(scores[m])
        alone = (
            np.full(k, np.nan) if (c, n, m) == (1, 2, 0) else tilt(np.exp(log_p[c, n, m, :k]), scores[m], 2.5)
        )
        np.testing.assert_allclose(np.exp(got[c, n, m, :k]), alone, atol=1e-12)
        assert np.isnan(got[c, n, m, k:]).all()
