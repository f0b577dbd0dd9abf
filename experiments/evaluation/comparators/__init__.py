"""Predictions without a language model: what a gain of personas must be told from."""

from value_personas.experiments.evaluation.comparators.distributions import (
    HumanDistributions,
    OtherCountries,
    human_table,
)
from value_personas.experiments.evaluation.comparators.map_neighbours import country_places, map_neighbours
from value_personas.experiments.evaluation.comparators.respondents import Respondents, respondents_of
from value_personas.experiments.evaluation.comparators.split_half import split_half
from value_personas.experiments.evaluation.comparators.stage import predict_without_model
from value_personas.experiments.evaluation.comparators.training_mean import training_mean

__all__ = [
    "HumanDistributions",
    "OtherCountries",
    "Respondents",
    "country_places",
    "human_table",
    "map_neighbours",
    "predict_without_model",
    "respondents_of",
    "split_half",
    "training_mean",
]
