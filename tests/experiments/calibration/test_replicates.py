"""Personas drawn anew: the spread that theory gives, and nothing else changed."""

import numpy as np
import pytest

from experiments.calibration.prepared import Prepared
from experiments.calibration.replicates import persona_replicates
from experiments.calibration.setting import Setting
from tests.experiments.calibration.builders import stored_panel

EQUAL = np.full((6, 40), 1 / 40)
SETTINGS = [
    Setting(method="none"),
    Setting(strength={"all": 3.0}),
    Setting(strength={"all": 3.0}, level="population"),
    Setting(method="end-points", strength={"all": 0.4}, level="population"),
]


@pytest.mark.parametrize("setting", SETTINGS, ids=lambda s: f"{s.method}-{s.level}")
def test_a_replicate_is_the_estimate_of_the_drawn_personas(setting):
    panel = stored_panel(countries=2, personas=6, missing=0.1, max_missing=1.0)
    got = persona_replicates(panel, setting, replicates=3, seed=4)
    rng = np.random.default_rng(4)
    counts = [rng.multinomial(6, np.full(6, 1 / 6), size=3) for _ in range(2)]
    for r in range(3):
        weights = panel.weights * np.stack([one[r] for one in counts])
        values = {name: getattr(panel, name) for name in panel.__dataclass_fields__}
        drawn = type(panel)(**values | {"weights": weights / weights.sum(axis=1, keepdims=True)})
        np.testing.assert_allclose(got[r], Prepared(drawn).estimate(setting), atol=1e-10)


def test_the_mean_varies_as_the_personas_means_do():
    panel = stored_panel(personas=40, weights=EQUAL)
    setting = Setting(method="none")
    r = np.nan_to_num(panel.scores)
    means = (persona_replicates(panel, setting, replicates=800) * r).sum(axis=-1)
    expected = Prepared(panel).spread(setting).between / 40
    np.testing.assert_allclose(means.var(axis=0), expected, rtol=0.25)
    np.testing.assert_allclose(means.var(axis=0).mean(), expected.mean(), rtol=0.04)


def test_the_same_seed_draws_the_same_personas_for_every_method():
    panel = stored_panel()
    one, two = (persona_replicates(panel, s, replicates=5, seed=1) for s in SETTINGS[:2])
    r = np.nan_to_num(panel.scores)
    np.testing.assert_allclose((one * r).sum(axis=-1), (two * r).sum(axis=-1), atol=1e-9)
