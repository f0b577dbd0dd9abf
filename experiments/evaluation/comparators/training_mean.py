"""The mean of the other countries: what is known of a question without knowing the country."""

import numpy as np

from value_personas.experiments.evaluation.comparators.distributions import Array, OtherCountries

__all__ = ["training_mean"]


def training_mean(country: str, others: OtherCountries) -> Array:
    """The unweighted mean of the other countries' distributions, shape (M, K); NaN where none was asked."""
    asked = ~np.isnan(others.table)
    total = np.where(asked, others.table, 0.0).sum(axis=0)
    count = asked.sum(axis=0)
    return np.asarray(np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 0))
