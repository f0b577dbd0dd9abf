"""Tables of a row for each cell, or for each option of one."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from value_personas.experiments.evaluation.human import HumanAnswers, share_of_scale
from value_personas.experiments.evaluation.predicting import Method
from value_personas.experiments.evaluation.prediction_intervals import HalfWidths
from value_personas.signatures import Array


def cell_rows(
    method: Method, scores: Mapping[str, Array], human: HumanAnswers, half_width: Array
) -> pd.DataFrame:
    """One row for each country × question of it, in this order."""
    estimate = method.estimate
    countries, questions = estimate.countries, estimate.questions
    human_share = share_of_scale(human.probabilities, questions)
    predicted_share = share_of_scale(estimate.probabilities, questions)
    columns: dict[str, object] = {
        "method": method.name,
        "calibrated": method.calibrated,
        "country": np.repeat(countries, len(questions)),
        "question": [q.code for q in questions] * len(countries),
        "topic": [q.topic for q in questions] * len(countries),
        "near": [q.near for q in questions] * len(countries),
        "options": [len(q.scale) for q in questions] * len(countries),
        "respondents": human.respondents.ravel(),
        "fitted": method.fitted.ravel(),
        "missing_share": estimate.missing_share.ravel(),
        "human_share": human_share.ravel(),
        "predicted_share": predicted_share.ravel(),
        "predicted_lower": np.clip(predicted_share - half_width, 0.0, 1.0).ravel(),
        "predicted_upper": np.clip(predicted_share + half_width, 0.0, 1.0).ravel(),
        "variance_within": estimate.variance_within.ravel(),
        "variance_between": estimate.variance_between.ravel(),
    }
    columns |= {name: values.ravel() for name, values in scores.items()}
    columns |= {f"floor_{name}": values.ravel() for name, values in human.floor.items()}
    return pd.DataFrame(columns)


def option_rows(method: Method, human: HumanAnswers, half_widths: HalfWidths) -> pd.DataFrame:
    """One row for each country × question × option of it, in this order; an interval is for all options."""
    estimate = method.estimate
    scales = [question.scale for question in estimate.questions]
    lengths = [len(scale) for scale in scales]
    countries, asked = len(estimate.countries), np.repeat([q.code for q in estimate.questions], lengths)
    own = np.arange(human.probabilities.shape[2]) < np.array(lengths)[:, None]
    p, half = estimate.probabilities, half_widths.options[..., None]
    return pd.DataFrame(
        {
            "method": method.name,
            "country": np.repeat(np.array(estimate.countries, dtype=object), len(asked)),
            "question": np.tile(asked.astype(object), countries),
            "option": [label for scale in scales for label in scale.labels] * countries,
            "score": np.tile(np.concatenate([scale.scores for scale in scales]), countries),
            "human": human.probabilities[:, own].ravel(),
            "predicted": p[:, own].ravel(),
            "lower": np.clip(p - half, 0.0, 1.0)[:, own].ravel(),
            "upper": np.clip(p + half, 0.0, 1.0)[:, own].ravel(),
        }
    )
