"""Predictions without a language model, one a file: what a gain of personas must be told from.

To add one, copy ``training_mean.py`` and name its ``Comparator`` in ``registry.COMPARATORS``. Another
distribution lists its ``Comparator`` under the entry points ``value_personas.comparators``.
"""

from value_personas.experiments.comparators.base import Comparator, Prediction, Sources
from value_personas.experiments.comparators.distributions import (
    HumanDistributions,
    OtherCountries,
    ShareTable,
    human_table,
)
from value_personas.experiments.comparators.nulls import NULLS
from value_personas.experiments.comparators.registry import COMPARATORS, ComparatorName

__all__ = [
    "COMPARATORS",
    "NULLS",
    "Comparator",
    "ComparatorName",
    "HumanDistributions",
    "OtherCountries",
    "Prediction",
    "ShareTable",
    "Sources",
    "human_table",
]
