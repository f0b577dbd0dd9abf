"""What a candidate is rewarded for, and what it is told: one cell at a time."""

from collections.abc import Callable, Mapping
from typing import Any

import dspy
import numpy as np

from value_personas.experiments.recipe.tuning import MetricSettings
from value_personas.experiments.scoring import SCORES, Cells
from value_personas.experiments.tuning.ledger import Evaluation, Ledger
from value_personas.experiments.tuning.probing import DescriptorProbe
from value_personas.programs import MAX_WORDS
from value_personas.signatures import Array, Question

Cell = tuple[str, str]


def error_of(score: str, human: Array, predicted: Array, question: Question) -> float:
    """A score of one cell as an error: 0 is best.

    Args:
        score: a name of ``SCORES``; of a ratio, the error is the absolute logarithm.
        human: shape (K,).
        predicted: shape (K,).
        question: its scale.
    """
    one, cells = SCORES[score], Cells.check(human[None], predicted[None], question.scale.values)
    return float(one.as_error(one.of(cells))[0])


def floor_of(score: str, floor: float) -> float:
    """A noise floor, which is stated in the score's own terms, as an error."""
    one = SCORES[score]
    return 0.0 if one.mean == "median" and not floor > 0.0 else float(one.as_error(floor))


def reward(error: float, floor: float, penalty: float = 0.0) -> float:
    """1 − (error − floor) − penalty, clipped to [0, 1]: nothing is rewarded for being below the floor."""
    if not np.isfinite(error):
        return 0.0
    excess = max(error - (floor if np.isfinite(floor) else 0.0), 0.0)
    return float(np.clip(1.0 - excess - penalty, 0.0, 1.0))


class CellMetric:
    """Scores predictions of cells whose human distribution the example holds, and enters each in a ledger.

    An example carries ``country``, ``question``, ``human`` (K probabilities), ``floor`` and ``part``.

    Args:
        settings: error and penalties.
        questions: code → question.
        ledger: hears of every evaluation.
        spill_over: how far the candidate that is in use now goes beyond its answers; asked only where it is
            penalised.
    """

    def __init__(
        self,
        settings: MetricSettings,
        questions: Mapping[str, Question],
        ledger: Ledger,
        spill_over: Callable[[str], float],
    ) -> None:
        self.settings = settings
        self.questions = questions
        self.ledger = ledger
        self._spill_over = spill_over

    def __call__(self, gold: dspy.Example, pred: Any, trace: Any = None) -> float:
        """The reward of one cell, in [0, 1]."""
        score = self.score(gold, pred)
        if pred is not None:
            self.ledger.enter(
                Evaluation(pred.candidate, pred.rollout, (gold.country, gold.question), gold.part, score),
                rejected=pred.rejected,
            )
        return score

    def score(self, gold: dspy.Example, pred: Any) -> float:
        """The same, without an entry."""
        if pred is None or pred.distribution is None:
            return 0.0
        question = self.questions[gold.question]
        name, settings = self.settings.score, self.settings
        error = error_of(name, np.array(gold.human), np.array(pred.distribution), question)
        penalty = settings.length * pred.words / MAX_WORDS + settings.missing * pred.missing_share
        if settings.spill_over:
            beyond = max(self._spill_over(pred.candidate) - settings.spill_over_allowed, 0.0)
            penalty += settings.spill_over * beyond
        return reward(error, floor_of(name, gold.floor), penalty)

    def of_shares(self, gold: dspy.Example, shares: Array) -> float:
        """The reward of shares that nobody was asked for: nothing is taken off."""
        name = self.settings.score
        error = error_of(name, np.array(gold.human), shares, self.questions[gold.question])
        return reward(error, floor_of(name, gold.floor))

    def redrawn(self, gold: dspy.Example, pred: Any, distributions: Array) -> Array:
        """The rewards of a prediction whose personas were drawn anew, without entries.

        Args:
            gold: the cell.
            pred: its prediction.
            distributions: shape (R, K); NaN where no persona that was drawn answered.

        Returns:
            Shape (R,).
        """
        told = dict(pred.items())
        return np.array(
            [
                np.nan
                if np.isnan(row).any()
                else self.score(gold, dspy.Prediction(**told | {"distribution": row}))
                for row in distributions
            ]
        )


class FeedbackMetric:
    """The same reward with words, as GEPA wants it.

    Args:
        metric: the reward.
        probe: recovery and spill-over of single descriptors.
        tells_objectives: whether GEPA's ``objective_scores`` go with the reward, as its ``frontier_type``
            needs them wherever it is not ``instance``.
    """

    def __init__(self, metric: CellMetric, probe: DescriptorProbe, tells_objectives: bool = False) -> None:
        self.metric = metric
        self.probe = probe
        self.tells_objectives = tells_objectives

    def with_objectives(self) -> "FeedbackMetric":
        """The same, with ``objective_scores``, for GEPA's ``gepa_kwargs={"frontier_type": …}``.

        They are, each in [0, 1] and 1 is best: ``distribution``, the reward before penalties; ``mean``, 1
        less the error of the mean as a share of the scale; ``spread``, the smaller standard deviation over
        the larger; ``brevity``, 1 less the descriptors' words over 45; and ``answered``.
        """
        return FeedbackMetric(self.metric, self.probe, tells_objectives=True)

    def __call__(
        self, gold: dspy.Example, pred: Any, trace: Any = None, pred_name: Any = None, pred_trace: Any = None
    ) -> Any:
        """A number, or a number and a text where a predictor is named."""
        if pred_name is not None:
            return dspy.Prediction(score=self.metric.score(gold, pred), feedback=self._feedback(gold, pred))
        score = self.metric(gold, pred, trace)
        if not self.tells_objectives:
            return score
        return dspy.Prediction(score=score, objective_scores=self._objectives(gold, pred))

    def _objectives(self, gold: dspy.Example, pred: Any) -> dict[str, float]:
        if pred is None or pred.distribution is None:
            return dict.fromkeys(("distribution", "mean", "spread", "brevity", "answered"), 0.0)
        question, name = self.metric.questions[gold.question], self.metric.settings.score
        human, predicted = np.array(gold.human), np.array(pred.distribution)
        (mean, spread), (wanted, wide) = (_moments(question, p) for p in (predicted, human))
        narrow, broad = sorted((spread, wide))
        error = error_of(name, human, predicted, question)
        return {
            "distribution": reward(error, floor_of(name, gold.floor)),
            "mean": 1.0 - abs(mean - wanted) / float(np.ptp(question.scale.values)),
            "spread": narrow / broad if broad else 1.0,
            "brevity": max(1.0 - pred.words / MAX_WORDS, 0.0),
            "answered": 1.0 - pred.missing_share,
        }

    def _feedback(self, gold: dspy.Example, pred: Any) -> str:
        if pred is None or pred.distribution is None:
            why = pred.rejected if pred is not None and pred.rejected else "too many answers are missing"
            return f"Nothing could be predicted: {why}."
        question = self.metric.questions[gold.question]
        told = _told(question, np.array(gold.human), np.array(pred.distribution))
        return " ".join([told, *self.probe.remarks(gold.country, pred.candidate)])


def _told(question: Question, human: Array, predicted: Array) -> str:
    """Means and spreads of one cell, in words."""
    (mean, spread), (wanted, wide) = (_moments(question, p) for p in (predicted, human))
    first, last = question.scale.labels[0], question.scale.labels[-1]
    drift = (mean - wanted) / (question.scale.scores[-1] - question.scale.scores[0])
    side = "right on average"
    if abs(drift) > 0.02:
        side = f"too near “{last if drift > 0 else first}” by {abs(drift):.0%} of the scale"
    narrow = "narrower than" if spread < 0.9 * wide else "wider than" if spread > 1.1 * wide else "as wide as"
    return (
        f"Asked “{question.text}”, people described by these texts are predicted to answer {mean:.2f} on "
        f"average (standard deviation {spread:.2f}); real people answered {wanted:.2f} ({wide:.2f}). The "
        f"prediction is {side}, its spread {narrow} people's."
    )


def _moments(question: Question, p: Array) -> tuple[float, float]:
    r = question.scale.values
    mean = float(p @ r)
    return mean, float(np.sqrt(max(float(p @ (r - mean) ** 2), 0.0)))
