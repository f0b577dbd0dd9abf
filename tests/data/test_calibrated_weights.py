"""Calibrated weights against their equations, and against what they are for."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import t

from value_personas.data import read_survey, sample_profiles, value_profiles
from value_personas.data.calibrated_weights import calibrated_weights, standardised_items
from value_personas.signatures import SurveyError

Floats = NDArray[np.float64]
VENEZUELA = "F00011820-WVS_Wave_7_Venezuela_Excel_v3.0.xlsx"


def test_they_are_the_ridge_solution_written_out() -> None:
    rng = np.random.default_rng(0)
    z, n = rng.normal(size=(60, 3)), 60
    total = z.mean(axis=0) + np.array([0.1, -0.1, 0.05])
    found = calibrated_weights(z, total)
    a = z - z.mean(axis=0)
    by_hand = (1 + a @ np.linalg.solve(a.T @ a / n + np.eye(3) / n, total - z.mean(axis=0))) / n
    assert by_hand.min() > 0.2 / n  # nothing is held
    np.testing.assert_allclose(found.weights, by_hand, atol=1e-15)
    assert abs(found.weights @ z - total).max() < 0.1 * abs(z.mean(axis=0) - total).max()
    assert found.jackknife.shape == (20, 60)
    given_up = np.ones(60)  # draws 3, 23 and 43, each to the other five of its six neighbours
    for one, first in ((3, 0), (23, 18), (43, 42)):
        given_up[first : first + 6] = 1 + np.sqrt(20 / 19 / 30)
        given_up[one] = 1 - 5 * np.sqrt(20 / 19 / 30)
    d = given_up / 60
    a = z - d @ z
    by_hand = d * (1 + a @ np.linalg.solve((d * a.T) @ a + np.eye(3) / n, total - d @ z))
    np.testing.assert_allclose(found.jackknife[3], by_hand, atol=1e-15)


@pytest.mark.parametrize("n", [44, 50, 63, 200])
def test_the_jackknife_tells_what_neighbours_differ_by_and_nothing_of_the_way_between(n: int) -> None:
    rng = np.random.default_rng(4)
    z = np.zeros((n, 1))  # nothing to calibrate to
    z[0] = 1e-9
    left_out = calibrated_weights(z, z.mean(axis=0)).jackknife
    np.testing.assert_allclose(left_out.sum(axis=1), 1.0)

    def variance(y: Floats) -> Floats:
        t = left_out @ y
        return np.asarray(19 / 20 * ((t - t.mean(axis=0)) ** 2).sum(axis=0))

    assert n * variance(rng.normal(size=(n, 4000))).mean() == pytest.approx(1.0, abs=0.02)
    assert n * variance(np.linspace(-1.7, 1.7, n)) < 0.05


def test_no_draw_falls_below_a_fifth_of_its_weight() -> None:
    z = np.random.default_rng(1).normal(size=(40, 2))
    weights = calibrated_weights(z, np.array([1.2, 0.9])).weights
    assert weights.min() == pytest.approx(0.2 / 40)
    assert weights.sum() == pytest.approx(1.0, abs=1e-12)
    assert (weights @ z > z.mean(axis=0) + 0.5).all()


def test_too_few_draws_are_refused() -> None:
    with pytest.raises(SurveyError, match="43 draws cannot be calibrated to 10 columns"):
        calibrated_weights(np.zeros((43, 10)), np.zeros(10))


def outcome(z: Floats, share: Floats, r2: float, rng: np.random.Generator) -> Floats:
    """Persona means of which a share is linear in the items."""
    linear = z @ rng.normal(size=z.shape[1])
    rest = rng.normal(size=len(z))
    parts = [(v - share @ v) / np.sqrt(share @ (v - share @ v) ** 2) for v in (linear, rest)]
    return np.asarray(np.sqrt(r2) * parts[0] + np.sqrt(1 - r2) * parts[1])


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.filterwarnings("ignore:Workbook contains no default style:UserWarning")
@pytest.mark.parametrize(
    ("n", "r2", "most"),  # variance against independent draws: what was measured, with its simulation error
    [(50, 0.75, 0.4), (100, 0.75, 0.32), (100, 0.55, 0.5), (200, 0.55, 0.45), (100, 1.0, 0.02)],
)
def test_variance_and_coverage_on_venezuelas_profiles(
    shared_dir: Path, n: int, r2: float, most: float
) -> None:
    profiles = value_profiles(read_survey(shared_dir / "surveys" / VENEZUELA))
    frame, weight = profiles.of("VEN")
    share, rows = weight / weight.sum(), frame.index.to_numpy()
    z = standardised_items(frame.to_numpy(np.float64), share)
    rng = np.random.default_rng(0)
    y = np.column_stack([outcome(z, share, r2, rng) for _ in range(40)])
    truth, errors, inside = share @ y, [], []
    for seed in range(150):
        drawn = sample_profiles(profiles, "VEN", n, seed=seed, calibrate=True)
        of = y[np.searchsorted(rows, drawn.respondents)]
        estimate, left_out = drawn.draw_weights @ of, drawn.jackknife @ of
        error = np.sqrt(19 / 20 * ((left_out - left_out.mean(axis=0)) ** 2).sum(axis=0))
        errors.append(estimate - truth)
        inside.append(abs(estimate - truth) <= t.ppf(0.975, 19) * error)
    independent = (share @ y**2 - truth**2) / n
    ratio = float(np.mean(np.var(errors, axis=0) / independent))
    assert ratio < most
    assert abs(np.mean(errors, axis=0)).max() < 0.5 * np.sqrt(independent).max()
    if r2 < 1:
        assert 0.93 <= np.mean(inside) <= 0.98
