"""An Optuna study as every search here keeps one: named, marked, resumed, and pruned over folds."""

from value_personas.experiments.optuna_study.study import (
    StudySettings,
    Undefined,
    finished,
    mean_of_folds,
    open_study,
    report_folds,
    storage_of,
)

__all__ = [
    "StudySettings",
    "Undefined",
    "finished",
    "mean_of_folds",
    "open_study",
    "report_folds",
    "storage_of",
]
