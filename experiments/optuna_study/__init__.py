"""An Optuna study as every search here keeps one: named, marked, resumed, tried fold by fold, and pruned."""

from value_personas.experiments.optuna_study.study import (
    StudySettings,
    best_trial,
    finished,
    gone_on,
    mean_of_folds,
    open_study,
    storage_of,
    try_one,
)

__all__ = [
    "StudySettings",
    "best_trial",
    "finished",
    "gone_on",
    "mean_of_folds",
    "open_study",
    "storage_of",
    "try_one",
]
