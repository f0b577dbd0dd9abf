"""Regressions from the value items, fitted on the other countries' respondents.

They use the same microdata as personas and no language model: what a persona adds must be more than this.
scikit-learn is imported where it is used: it takes a second that most runs do not need.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from numpy.typing import NDArray

from value_personas.experiments.comparators.base import Comparator, Prediction, Sources
from value_personas.experiments.comparators.respondents import Respondents, respondents_of
from value_personas.signatures import Array, SurveyError

Positions = NDArray[np.int8]

Regression = Callable[[Array, Positions, Array, Array, Array, int], Array]
"""(training items, answers, weights, items of the left out, their weights, K) → shape (K,)."""

_ALPHAS = np.logspace(-1, 4, 6)
_THINNING_STREAM = 32


def ridge_regression(x: Array, y: Positions, w: Array, of: Array, weights: Array, options: int) -> Array:
    """A linear probability of each option, with a penalty chosen by leave-one-out error.

    Args:
        x: shape (n, I), standardised items of the training respondents.
        y: shape (n,), their answers as positions 0 … K − 1.
        w: shape (n,), their weights.
        of: shape (m, I), items of the respondents who are predicted.
        weights: shape (m,), theirs.
        options: K.

    Returns:
        Shape (K,), summing to 1. Being linear, the average over respondents is the prediction at their
        average; only there are negative shares cut to zero.
    """
    from sklearn.linear_model import RidgeCV

    model = RidgeCV(alphas=_ALPHAS).fit(x, np.eye(options)[y], sample_weight=w * len(w) / w.sum())
    p = np.clip(np.average(model.predict(of), axis=0, weights=weights), 0.0, None)
    return np.asarray(p / p.sum())


def ordinal_regression(x: Array, y: Positions, w: Array, of: Array, weights: Array, options: int) -> Array:
    """Ordinal regression by K − 1 logistic models of P(answer beyond k) (Frank & Hall 2001).

    Arguments and result as for ``ridge_regression``. Where two of the models cross for a respondent, the
    later one gives way.
    """
    beyond = np.column_stack([_probability_beyond(x, y > k, w, of) for k in range(options - 1)])
    beyond = np.minimum.accumulate(beyond, axis=1)
    survival = np.column_stack([np.ones(len(of)), beyond, np.zeros(len(of))])
    return np.asarray(np.average(-np.diff(survival, axis=1), axis=0, weights=weights))


def predict_left_out(
    respondents: Respondents, left_out: str, options: tuple[int, ...], regression: Regression
) -> Array:
    """Fit on every other country and predict one.

    Args:
        respondents: of all countries; of the one left out only items and weights are used.
        left_out: who is predicted.
        options: K of each question.
        regression: one of the two above.

    Returns:
        Shape (M, K), NaN beyond a question's options and where no other country was asked.
    """
    from sklearn.impute import SimpleImputer
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    training = respondents.where(respondents.country != left_out)
    home = respondents.where(respondents.country == left_out)
    # A missing item is given the others' mean: it then says nothing.
    scale = make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler()).fit(training.items)
    x, of = scale.transform(training.items), scale.transform(home.items)
    predicted = np.full((len(options), max(options)), np.nan)
    for m, k in enumerate(options):
        asked = training.answers[:, m] >= 0
        if asked.any():
            y = training.answers[asked, m]
            predicted[m, :k] = regression(x[asked], y, training.weights[asked], of, home.weights, k)
    return predicted


def _probability_beyond(x: Array, beyond: NDArray[np.bool_], w: Array, of: Array) -> Array:
    from sklearn.linear_model import LogisticRegression

    if beyond.all() or not beyond.any():
        return np.full(len(of), float(beyond[0]))
    # Newton's method on the normal equations: exact and fast for few items and many respondents.
    model = LogisticRegression(solver="newton-cholesky").fit(x, beyond, sample_weight=w * len(w) / w.sum())
    return np.asarray(model.predict_proba(of)[:, 1])


def _predict(regression: Regression, sources: Sources) -> Prediction:
    survey, profiles = sources.survey, sources.profiles
    if profiles is None:
        raise SurveyError("regressions need value profiles")
    everybody = respondents_of(survey, profiles)
    stream = np.random.SeedSequence(sources.seed, spawn_key=(_THINNING_STREAM,))
    respondents = everybody.thinned(sources.max_respondents, np.random.default_rng(stream))
    options = tuple(len(question.scale) for question in survey.questions)
    predicted = [predict_left_out(respondents, country, options, regression) for country in survey.countries]
    thinned, whole = len(respondents.weights), len(everybody.weights)
    notes = (f"fitted on {thinned} of {whole} respondents",) if thinned < whole else ()
    return Prediction(np.stack(predicted), notes)


RIDGE = Comparator(
    "no model: linear regression from the value items, fitted on the other countries’ respondents",
    partial(_predict, ridge_regression),
    needs=("countries", "respondents", "items"),
)
ORDINAL = Comparator(
    "no model: ordinal regression from the value items, fitted likewise",
    partial(_predict, ordinal_regression),
    needs=("countries", "respondents", "items"),
)
