"""Every score, turned so that 0 is best and lower is better."""

import numpy as np
import pytest
from pydantic import TypeAdapter, ValidationError

from value_personas.experiments.scoring import SCORES, ScoreName, score

HUMAN = np.array([0.1, 0.2, 0.3, 0.4])
NEAR, FAR = np.array([0.12, 0.2, 0.29, 0.39]), np.array([0.45, 0.05, 0.05, 0.45])
R = np.array([1.0, 2.0, 3.0, 4.0])


@pytest.mark.parametrize("name", SCORES)
def test_a_perfect_prediction_has_no_error_and_a_worse_one_more(name: str) -> None:
    perfect, near, far = (float(SCORES[name].as_error(score(HUMAN, q, R)[name])) for q in (HUMAN, NEAR, FAR))
    assert perfect == pytest.approx(0.0, abs=1e-5)  # one smooths
    assert 0.0 < near < far


def test_errors_worked_out_by_hand() -> None:
    assert SCORES["variance_ratio"].as_error([2.0, 0.5, 1.0, 0.0]).tolist() == pytest.approx(
        [np.log(2), np.log(2), 0.0, np.inf]
    )
    assert SCORES["signed_bias"].as_error([-0.3, 0.3]).tolist() == [0.3, 0.3]
    assert SCORES["simbench"].as_error([100.0, 40.0]).tolist() == [0.0, 0.6]
    assert SCORES["rps"].as_error([0.2]).tolist() == [0.2]
    assert np.isnan(SCORES["simbench"].as_error(np.nan))


def test_losses_point_downward() -> None:
    values = np.array([0.5, 2.0, np.nan])
    loss = {name: one.loss for name, one in SCORES.items()}
    assert loss["variance_ratio"](values) == pytest.approx(0.5)
    assert loss["variance_ratio"](np.array([0.0])) == 1.0
    assert loss["wasserstein"](values) == pytest.approx(1.25)
    assert loss["signed_bias"](np.array([-0.3, 0.1])) == pytest.approx(0.1)
    assert loss["simbench"](np.array([60.0, 80.0])) == pytest.approx(30.0)
    assert np.isnan(loss["wasserstein"](np.array([np.nan])))


def test_of_a_ratio_the_median_counts_cells_at_0_too_and_of_everything_else_the_mean() -> None:
    values = np.array([[0.5, 2.0], [np.nan, 8.0]])
    assert SCORES["variance_ratio"].average(values) == pytest.approx(2.0)
    assert SCORES["wasserstein"].average(values) == pytest.approx(3.5)
    # fifteen of twenty cells have one answer alone: the summary must say so
    assert SCORES["variance_ratio"].average(np.array([0.0] * 15 + [1.0] * 5)) == 0.0
    assert SCORES["variance_ratio"].average(np.array([0.0, np.nan])) == 0.0
    assert np.isnan(SCORES["wasserstein"].average(np.array([np.nan])))


def test_a_recipe_may_name_a_score_as_tables_do() -> None:
    adapter = TypeAdapter(ScoreName)
    assert adapter.validate_python("MAE of means") == "normalised_mae"
    assert adapter.validate_python("wasserstein") == "wasserstein"
    with pytest.raises(ValidationError, match="no such score"):
        adapter.validate_python("MAE of medians")
