"""The fast path against one cell at a time."""

import gc
import weakref

import numpy as np
import pytest

from tests.experiments.calibration.builders import stored_panel
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.programs.calibration import (
    EndPointMix,
    MaximumEntropyMix,
    PlainTemperature,
    Tilt,
    UniformShrinkage,
    calibrate,
)
from value_personas.programs.calibration.setting import Setting
from value_personas.signatures import StatisticsError

CALIBRATORS = {
    "tilt": Tilt, "temperature": PlainTemperature, "uniform": UniformShrinkage,
    "maximum-entropy": MaximumEntropyMix, "end-points": EndPointMix,
}  # fmt: skip


def one_cell(panel, c, m, level, calibrator):
    """A cell's estimate, step by step."""
    k = panel.lengths[m]
    p, w, r = np.exp(panel.log_p[c, m, :, :k]), panel.weights[c], panel.scores[m, :k]
    there = ~np.isnan(p[:, 0])
    if w[there].sum() < 1 - panel.max_missing:
        return np.full(k, np.nan)
    p, w = p[there], w[there] / w[there].sum()
    return w @ calibrate(calibrator, p, r) if level == "persona" else calibrate(calibrator, w @ p, r)


@pytest.mark.parametrize("level", ["persona", "population"])
@pytest.mark.parametrize("method", CALIBRATORS)
def test_estimates_are_those_of_single_cells(method, level):
    panel = stored_panel(missing=0.15)
    strength = 3.0 if method in ("tilt", "temperature") else 0.3
    got = Prepared(panel).estimate(Setting(method=method, level=level, strength={"all": strength}))
    empty = 0
    for c in range(6):
        for m, k in enumerate(panel.lengths):
            expected = one_cell(panel, c, m, level, CALIBRATORS[method](strength))
            np.testing.assert_allclose(got[c, m, :k], expected, atol=1e-12)
            np.testing.assert_array_equal(got[c, m, k:], 0.0)
            empty += np.isnan(expected).any()
    assert 0 < empty < 30


def test_each_group_of_questions_has_its_own_strength():
    panel = stored_panel()
    split = Prepared(panel).estimate(Setting(per="scale_length", strength={"4": 2.0, "10": 5.0}))
    four, ten = (Prepared(panel).estimate(Setting(strength={"all": t})) for t in (2.0, 5.0))
    middle = Prepared(panel).estimate(Setting(strength={"all": np.sqrt(10.0)}))
    np.testing.assert_allclose(split[:, 0], four[:, 0])
    np.testing.assert_allclose(split[:, 1], ten[:, 1])
    np.testing.assert_allclose(split[:, 3], middle[:, 3])  # five options: no strength of their own
    topics = Prepared(panel).estimate(
        Setting(per="topic", strength={"life": 2.0, "work": 5.0}, level="population")
    )
    alone = Prepared(panel).estimate(Setting(strength={"all": 5.0}, level="population"))
    np.testing.assert_allclose(topics[:, 1], alone[:, 1])


@pytest.mark.parametrize("level", ["persona", "population"])
def test_the_parts_of_the_variance_add_up(level):
    panel = stored_panel(missing=0.1)
    prepared = Prepared(panel)
    setting = Setting(level=level, strength={"all": 4.0})
    q, spread = prepared.estimate(setting), prepared.average(setting)
    r = np.nan_to_num(panel.scores)
    total = (q * r**2).sum(axis=-1) - (q * r).sum(axis=-1) ** 2
    np.testing.assert_allclose(spread.total, total, atol=1e-10)
    before = prepared.average(Setting(method="none", level="persona"))
    np.testing.assert_allclose(spread.between, before.between, atol=1e-10)
    assert np.nanmin(spread.between) > 0


@pytest.mark.parametrize("level", ["persona", "population"])
@pytest.mark.parametrize("keeps", ["raw", "smoothed"])
def test_smoothing_keeps_or_moves_the_mean_as_it_says(level, keeps):
    panel = stored_panel(draws=5)
    prepared = Prepared(panel)
    plain = prepared.estimate(Setting(method="none"))
    got = prepared.estimate(Setting(level=level, strength={"all": 3.0}, alpha=0.5, keeps_mean_of=keeps))
    moved = np.abs((got - plain) @ np.nan_to_num(panel.scores).T).diagonal(axis1=1, axis2=2)
    assert (moved.max() < 1e-9) == (keeps == "raw")
    assert got[:, 1].min() > plain[:, 1].min()


@pytest.mark.parametrize("level", ["persona", "population"])
@pytest.mark.parametrize("alpha", [0.0, 0.5])
def test_rows_that_are_kept_lead_to_the_same_digits(level, alpha):
    panel = stored_panel(draws=5, missing=0.1)
    setting = Setting(level=level, strength={"all": 2.0}, alpha=alpha)
    kept = Prepared(panel, keep=True)
    for made in (kept.estimate(setting), kept.estimate(setting)):
        np.testing.assert_array_equal(made, Prepared(panel).estimate(setting))


def test_log_probabilities_cannot_be_smoothed():
    with pytest.raises(StatisticsError, match="nothing to smooth"):
        Prepared(stored_panel()).estimate(Setting(alpha=0.5))


def test_a_method_without_its_fitted_parts_is_refused():
    with pytest.raises(StatisticsError, match="no pooled shape"):
        Prepared(stored_panel()).estimate(Setting(method="pooled-shape", strength={"all": 0.5}))


@pytest.mark.parametrize("keep", [True, False])
def test_what_is_laid_out_goes_with_its_last_user(keep):
    gc.disable()  # nobody may have to look for circles first
    try:
        prepared = Prepared(stored_panel(), keep=keep)
        prepared.estimate(Setting(strength={"all": 2.0}))
        blocks = [weakref.ref(rows) for rows in prepared.rows(Setting(strength={"all": 2.0}))]
        assert all((block() is not None) == keep for block in blocks)
        del prepared
        assert all(block() is None for block in blocks)
    finally:
        gc.enable()
