"""Error of a country's deviation from the question's mean over countries."""

import numpy as np

from value_personas.experiments.scoring.cells import Array

__all__ = ["country_deviation"]


def country_deviation(human_mean: Array, model_mean: Array, span: Array) -> Array:
    """|(E_q − mean over countries of E_q) − (E_h − mean over countries of E_h)| / |r_K − r_1|.

    Is what distinguishes the countries predicted, apart from any bias that they share? Range [0, 2], lower
    is better. Its mean over cells is the MAE of country deviations.

    Args:
        human_mean: shape (countries, questions), in score points.
        model_mean: the same, predicted.
        span: shape (questions,), |r_K − r_1|.

    Returns:
        Shape (countries, questions); NaN where either mean is missing, and for questions that fewer than two
        countries have.
    """
    both = ~np.isnan(human_mean) & ~np.isnan(model_mean)
    error = np.where(both, model_mean - human_mean, 0.0)
    n = both.sum(axis=0)
    shared = np.divide(error.sum(axis=0), n, out=np.full(n.shape, np.nan), where=n >= 2)
    return np.where(both, np.abs(error - shared) / span, np.nan)
