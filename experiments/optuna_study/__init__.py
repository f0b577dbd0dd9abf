"""The one search by Optuna: a problem gives a space and a loss, the study is made and read here."""

from value_personas.experiments.optuna_study.space import one_of, suggested
from value_personas.experiments.optuna_study.study import Searched, mean_of_folds, search_settings

__all__ = ["Searched", "mean_of_folds", "one_of", "search_settings", "suggested"]
