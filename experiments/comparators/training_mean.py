"""The mean of the other countries: what is known of a question without knowing the country."""

from value_personas.experiments.comparators.base import Comparator, Prediction, Sources
from value_personas.experiments.comparators.distributions import OtherCountries
from value_personas.signatures import Array, mean_of_known


def training_mean(country: str, others: OtherCountries) -> Array:
    """The unweighted mean of the other countries' distributions, shape (M, K); NaN where none was asked."""
    return mean_of_known(others.table)


def _predict(sources: Sources) -> Prediction:
    return Prediction(sources.leave_one_out(training_mean))


TRAINING_MEAN = Comparator("no model: the mean of the other countries", _predict)
