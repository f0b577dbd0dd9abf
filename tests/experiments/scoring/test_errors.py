"""Every score, turned so that 0 is best and lower is better."""

import numpy as np
import pytest

from value_personas.experiments.scoring import SCORES, as_error, score

HUMAN = np.array([0.1, 0.2, 0.3, 0.4])
NEAR, FAR = np.array([0.12, 0.2, 0.29, 0.39]), np.array([0.45, 0.05, 0.05, 0.45])
R = np.array([1.0, 2.0, 3.0, 4.0])


@pytest.mark.parametrize("name", SCORES)
def test_a_perfect_prediction_has_no_error_and_a_worse_one_more(name: str) -> None:
    perfect, near, far = (float(as_error(name, score(HUMAN, q, R)[name])) for q in (HUMAN, NEAR, FAR))
    assert perfect == pytest.approx(0.0, abs=1e-5)  # one smooths
    assert 0.0 < near < far


def test_errors_worked_out_by_hand() -> None:
    assert as_error("variance_ratio", [2.0, 0.5, 1.0, 0.0]).tolist() == pytest.approx(
        [np.log(2), np.log(2), 0.0, np.inf]
    )
    assert as_error("signed_bias", [-0.3, 0.3]).tolist() == [0.3, 0.3]
    assert as_error("simbench", [100.0, 40.0]).tolist() == [0.0, 0.6]
    assert as_error("rps", [0.2]).tolist() == [0.2]
    assert np.isnan(as_error("simbench", np.nan))
