"""One row a persona, question and option: the probabilities themselves, without a draw."""

from collections.abc import Iterator

import numpy as np
import pandas as pd

from value_personas.experiments.export.stored import MethodAnswers, StoredRun


def tidy_frames(run: StoredRun) -> Iterator[pd.DataFrame]:
    """The tidy table, part by part: one for each method and country.

    The mean of ``probability`` with ``weight`` over the personas that answered is the run's estimate.

    Yields:
        Columns method, country, persona, question, option, score, probability (NaN where the answer is
        missing), weight (sums to the number of personas) and missing (the reason, else empty).
    """
    for answers in run.answers:
        for c in range(len(answers.panel.countries)):
            yield _of_country(run, answers, c)


def estimates_of(run: StoredRun) -> pd.DataFrame:
    """What is predicted of each country: the rows of the run's estimates, of the exported methods alone.

    Returns:
        Columns method, country, question, option, score, human (NaN where nobody was asked), predicted, and
        lower and upper, between which all options of a cell lie as often as ``scoring.prediction_level``
        says.
    """
    rows = run.result.estimates
    return rows[rows["method"].isin([answers.method for answers in run.answers])].reset_index(drop=True)


def _of_country(run: StoredRun, answers: MethodAnswers, c: int) -> pd.DataFrame:
    panel, members = answers.panel, answers.members(c)
    parts = []
    for m, question in enumerate(run.asked.questions):
        k, reasons = len(question.scores), answers.reasons(c, m)
        parts.append(
            pd.DataFrame(
                {
                    "method": answers.method,
                    "country": panel.countries[c],
                    "persona": np.repeat(members + 1, k),
                    "question": question.code,
                    "option": np.tile(np.array(question.labels, dtype=object), len(members)),
                    "score": np.tile(question.scores, len(members)),
                    "probability": np.exp(panel.log_p[c, m, members, :k]).ravel(),
                    "weight": np.repeat(answers.weights(c), k),
                    "missing": np.repeat(
                        np.array([reasons.get(n, "") for n in members.tolist()], dtype=object), k
                    ),
                }
            )
        )
    return pd.concat(parts, ignore_index=True)
