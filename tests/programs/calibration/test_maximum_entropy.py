"""What real answers say of the limit: the aggregate's calibration cannot always reach the human spread."""

import numpy as np
import pandas as pd
import pytest

from value_personas.programs.calibration import Distributions, maximum_entropy_law, tilt, variance

pytestmark = pytest.mark.shared


@pytest.fixture(scope="module")
def marginals(shared_dir):
    """The long table, its option letters as places 1 … K; X is another code."""
    frame = pd.read_parquet(shared_dir / "surveys" / "wvs7_country_distributions.parquet")
    frame = frame[frame["opt"] != "X"]
    return frame.assign(opt=frame["opt"].map(lambda letter: float(ord(letter) - ord("A") + 1)))


def distributions(marginals, question):
    wide = marginals[marginals["qid"] == question].pivot_table(
        index="country", columns="opt", values="pct", aggfunc="first"
    )
    wide = wide.fillna(0.0)
    p = wide.to_numpy()
    return p / p.sum(axis=1, keepdims=True), wide.columns.to_numpy(dtype=float)


@pytest.mark.parametrize("question", ["Q164", "Q182", "Q184"])
def test_most_countries_are_wider_than_the_maximum_entropy_law(marginals, question):
    p, scores = distributions(marginals, question)
    assert scores.tolist() == [float(k) for k in range(1, 11)]
    rows = Distributions.check(p, scores)
    beyond = variance(rows.p, rows.scores) > variance(maximum_entropy_law(rows), rows.scores)
    assert 0.65 <= beyond.mean() <= 1.0


def test_the_tilt_keeps_every_real_mean(marginals):
    for question in sorted(marginals["qid"].unique()):
        p, scores = distributions(marginals, question)
        if len(scores) < 2:
            continue
        for temperature in (0.5, 2.0, 20.0):
            q = tilt(p, scores, temperature)
            assert np.abs((q - p) @ scores).max() <= 1e-10 * np.ptp(scores)
