"""The mean of the other countries: what is known of a question without knowing the country."""

import numpy as np

from value_personas.experiments.comparators.base import Comparator, Prediction, Sources
from value_personas.experiments.comparators.distributions import OtherCountries
from value_personas.signatures import Array


def training_mean(country: str, others: OtherCountries) -> Array:
    """The unweighted mean of the other countries' distributions, shape (M, K); NaN where none was asked."""
    asked = ~np.isnan(others.table)
    total = np.where(asked, others.table, 0.0).sum(axis=0)
    count = asked.sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))


def _predict(sources: Sources) -> Prediction:
    return Prediction(sources.leave_one_out(training_mean))


TRAINING_MEAN = Comparator("no model: the mean of the other countries", _predict)
