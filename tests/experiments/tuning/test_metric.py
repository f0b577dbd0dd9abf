"""The reward of a cell against hand-computed cases, its penalties and its words."""

import dspy
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from value_personas.experiments.recipe.tuning import MetricSettings
from value_personas.experiments.scoring import SCORES
from value_personas.experiments.tuning.ledger import Ledger
from value_personas.experiments.tuning.metric import CellMetric, FeedbackMetric, error_of, reward
from value_personas.signatures import Question, Scale

QUESTION = Question("Q1", "How important is work?", Scale(("very", "rather", "not"), (1.0, 2.0, 4.0)))
HUMAN, PREDICTED = np.array([0.5, 0.3, 0.2]), np.array([0.2, 0.3, 0.5])


class Silent:
    """A probe that has nothing to say."""

    def remarks(self, country: str, candidate: str) -> list[str]:
        return [f"({country}, {candidate})"]


def metric(moved: float = 0.0, **settings: float | str) -> CellMetric:
    ledger = Ledger(lambda: 7)
    return CellMetric(MetricSettings(**settings), {"Q1": QUESTION}, ledger, lambda candidate: moved)  # type: ignore[arg-type]


def example(floor: float = 0.05) -> dspy.Example:
    return dspy.Example(country="XNA", question="Q1", human=HUMAN.tolist(), floor=floor, part="training")


def prediction(distribution: object = tuple(PREDICTED), **changes: object) -> dspy.Prediction:
    fields = {"candidate": "c", "rollout": 0, "words": 18.0, "missing_share": 0.25, "rejected": None}
    return dspy.Prediction(distribution=distribution, **(fields | changes))


def test_wasserstein_reward_by_hand() -> None:
    # F differs by 0.3 over the step of 1 and by 0.3 over the step of 2, on a range of 3: 0.9 / 3.
    assert error_of("wasserstein", HUMAN, PREDICTED, QUESTION) == pytest.approx(0.3)
    assert metric()(example(), prediction()) == pytest.approx(1 - (0.3 - 0.05))


@pytest.mark.parametrize("score", list(SCORES))
def test_every_score_becomes_an_error_that_is_0_at_a_perfect_prediction(score: str) -> None:
    assert error_of(score, HUMAN, HUMAN, QUESTION) == pytest.approx(0.0, abs=1e-6)
    assert error_of(score, HUMAN, PREDICTED, QUESTION) > 0.0


@given(st.floats(0.0, 3.0), st.floats(0.0, 0.5), st.floats(0.0, 2.0))
def test_a_reward_stays_within_bounds_and_falls_with_the_error(
    error: float, floor: float, penalty: float
) -> None:
    found = reward(error, floor, penalty)
    assert 0.0 <= found <= 1.0
    assert reward(error + 0.1, floor, penalty) <= found
    if error <= floor:
        assert found == reward(floor, floor, penalty)


def test_penalties_are_taken_off() -> None:
    plain = metric()(example(), prediction())
    assert metric(length=0.1)(example(), prediction()) == pytest.approx(plain - 0.1 * 18 / 45)
    assert metric(missing=0.4)(example(), prediction()) == pytest.approx(plain - 0.4 * 0.25)
    excess = metric(0.25, spill_over=0.5, spill_over_allowed=0.05)
    assert excess(example(), prediction()) == pytest.approx(plain - 0.5 * 0.2)


def test_nothing_predicted_is_worth_nothing_and_is_entered_with_its_reason() -> None:
    judged = metric()
    assert judged(example(), prediction(None, rejected="writer.write: its instruction is empty")) == 0.0
    assert judged.ledger.rejected == {"c": "writer.write: its instruction is empty"}
    assert judged.ledger.frame()["calls"].tolist() == [7]


def test_feedback_compares_mean_and_spread_and_scores_as_the_metric_does() -> None:
    judged = FeedbackMetric(metric(), Silent())  # type: ignore[arg-type]
    told = judged(example(), prediction(), None, "writer.write", None)
    assert told.score == judged(example(), prediction())
    # By hand: means 2.8 and 1.9; variances 9/4-scale: Σ p r² − mean² = 9.4 − 7.84 and 4.9 − 3.61.
    assert f"answer 2.80 on average (standard deviation {1.56**0.5:.2f})" in told.feedback
    assert f"answered 1.90 ({1.29**0.5:.2f})" in told.feedback
    assert "too near “not” by 30%" in told.feedback
    assert told.feedback.endswith("(XNA, c)")


def test_an_unknown_score_is_refused_with_those_there_are() -> None:
    with pytest.raises(ValueError, match="there are normalised_mae"):
        MetricSettings(score="beauty")
