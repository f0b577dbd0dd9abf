"""Opening a study, going on with it, and trying settings fold by fold: the one loop of every search here."""

import logging
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol

import numpy as np
import optuna
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import TrialState

from value_personas.signatures import StatisticsError, StoreError

Losses = Mapping[str, float]
"""Objective → what is minimised, on one fold; NaN where no cell is defined."""

_JOURNAL = "optuna.journal"


class StudySettings(Protocol):
    """What a table of a recipe says of a study."""

    @property
    def objectives(self) -> Sequence[str]:
        """What is minimised."""
        ...

    @property
    def pruner(self) -> Literal["none", "median", "hyperband"]:
        """What stops a trial whose first folds are poor."""
        ...

    @property
    def storage(self) -> str | None:
        """An SQLAlchemy URL; a journal in the workspace when absent."""
        ...


def open_study(
    name: str, mark: str, settings: StudySettings, folder: Path, *, seed: int, startup: int
) -> optuna.Study:
    """Open a study, or make it; a study of the same name goes on where it stopped.

    Args:
        name: the study's.
        mark: a digest of the data and the space, so that two searches are never mixed under one name.
        settings: objectives, pruner, storage.
        folder: where the journal lies when no storage is named.
        seed: of the sampler.
        startup: random trials before the sampler models.

    Raises:
        StoreError: when the storage cannot be opened, or holds that name for another search.
    """
    optuna.logging.set_verbosity(logging.WARNING)
    try:
        study = optuna.create_study(
            storage=_storage(settings, folder),
            study_name=name,
            directions=[StudyDirection.MINIMIZE] * len(settings.objectives),
            sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=startup),
            pruner=None if len(settings.objectives) > 1 else _pruner(settings.pruner),
            load_if_exists=True,
        )
    except (ImportError, ValueError, OSError) as error:
        what = settings.storage.partition(":")[0] if settings.storage else folder
        raise StoreError(f"study storage {what}: cannot be opened ({type(error).__name__})") from None
    except Exception as error:
        if type(error).__module__.startswith("sqlalchemy"):
            raise StoreError(
                f"study storage: cannot be opened ({type(error).__name__}); check its URL"
            ) from None
        raise
    with warnings.catch_warnings():  # names of the dashboard's axes; the interface may change
        warnings.simplefilter("ignore", optuna.exceptions.ExperimentalWarning)
        study.set_metric_names(list(settings.objectives))
    found = study.user_attrs.get("fingerprint")
    if found is None:
        study.set_user_attr("fingerprint", mark)
    elif found != mark:
        raise StoreError(
            f"study {study.study_name}: belongs to other stored answers or another search space; "
            "give this search another name with study"
        )
    return study


def storage_of(settings: StudySettings, folder: Path) -> str:
    """Where the study lies, as ``optuna-dashboard`` takes it."""
    return settings.storage or str(folder / _JOURNAL)


def finished(study: optuna.Study) -> int:
    """How many trials have ended with a value, or were stopped for a poor one."""
    return len(study.get_trials(deepcopy=False, states=(TrialState.COMPLETE, TrialState.PRUNED)))


def gone_on(opened: Callable[[int], optuna.Study], seed: int) -> optuna.Study:
    """The study under a seed of its own for each session: one that goes on must not repeat its first draws.

    Args:
        opened: opens the study with a sampler of such a seed.
        seed: of the first session.
    """
    return opened(seed + 7919 * finished(opened(seed)))


def try_one(
    study: optuna.Study,
    objectives: Sequence[str],
    folds_of: Callable[[optuna.Trial], Sequence[Callable[[], Losses]]],
) -> None:
    """Try one more setting, fold by fold; with a single objective a poor one is stopped after a few.

    A trial without a defined value counts as stopped. One that is broken off is marked as failed.

    Args:
        study: asked for the setting, and told.
        objectives: what it minimises.
        folds_of: the evaluations of a trial's setting, one a fold, none of them made yet.
    """
    trial = study.ask()
    try:
        values = _over_folds(trial, objectives, folds_of(trial))
    except optuna.TrialPruned:
        study.tell(trial, state=TrialState.PRUNED)
    except BaseException:
        study.tell(trial, state=TrialState.FAIL)
        raise
    else:
        study.tell(trial, values)


def _over_folds(
    trial: optuna.Trial, objectives: Sequence[str], folds: Sequence[Callable[[], Losses]]
) -> list[float]:
    losses: list[Losses] = []
    for fold in folds:
        losses.append(fold())
        if len(objectives) == 1 and len(losses) < len(folds):
            trial.report(mean_of_folds(one[objectives[0]] for one in losses), len(losses))
            if trial.should_prune():
                raise optuna.TrialPruned
    means = [mean_of_folds(one[name] for one in losses) for name in objectives]
    if not np.isfinite(means).all():
        raise optuna.TrialPruned("no training cell is defined for this setting")
    return means


def best_trial(study: optuna.Study, remedy: str) -> optuna.trial.FrozenTrial:
    """Of the Pareto front, the trial that is best on the first objective; the earlier of two alike.

    Raises:
        StatisticsError: when no trial has a value; its line ends with the remedy.
    """
    if not any(trial.state == TrialState.COMPLETE for trial in study.trials):
        raise StatisticsError(f"no setting could be evaluated; {remedy}")
    return min(study.best_trials, key=lambda trial: (trial.values[0], trial.number))


def mean_of_folds(values: Iterable[float]) -> float:
    """Over folds that have a defined cell; NaN without one."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _pruner(name: str) -> optuna.pruners.BasePruner:
    if name == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=10, n_warmup_steps=1)
    if name == "hyperband":
        return optuna.pruners.HyperbandPruner(min_resource=1)
    return optuna.pruners.NopPruner()


def _storage(settings: StudySettings, folder: Path) -> str | optuna.storages.BaseStorage:
    if settings.storage is not None:
        return settings.storage
    folder.mkdir(parents=True, exist_ok=True)
    return optuna.storages.JournalStorage(JournalFileBackend(storage_of(settings, folder)))
