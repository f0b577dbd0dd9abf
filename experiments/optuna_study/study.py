"""The one search: a problem gives a space and a loss, and its study is made, gone on with, and read here."""

import json
import logging
import time
import warnings
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Generic, Protocol, TypeVar

import numpy as np
import optuna
import pandas as pd
from optuna.storages.journal import JournalFileBackend
from optuna.study import StudyDirection
from optuna.trial import TrialState

from value_personas.experiments.figures.pareto import pareto_figure
from value_personas.experiments.figures.style import save_figure
from value_personas.experiments.progress.reporter import Reporter, Silent
from value_personas.experiments.recipe.calibration import SearchSettings
from value_personas.experiments.recipe.search import RecipeSearch
from value_personas.experiments.workspace.databases import alone_in_postgresql, by_psycopg
from value_personas.experiments.workspace.passwords import without_passwords
from value_personas.signatures import StatisticsError, StoreError

Losses = Mapping[str, float]
"""Objective → what is minimised, on one fold; NaN where no cell is defined."""

S = TypeVar("S")

StudySettings = SearchSettings | RecipeSearch
"""What a table of a recipe says of a study."""

_JOURNAL = "optuna.journal"

_ENDED = (TrialState.COMPLETE, TrialState.PRUNED)

_A_MOMENT = timedelta(seconds=2)


class Problem(Protocol[S]):
    """What is searched, and for what; picklable where processes share a study."""

    @property
    def settings(self) -> StudySettings:
        """Objectives, trials, pruner, study and storage."""
        ...

    @property
    def title(self) -> str:
        """What the study's name begins with."""
        ...

    @property
    def mark(self) -> str:
        """A digest of the data and the space, so that two searches are never mixed under one name."""
        ...

    @property
    def startup(self) -> int:
        """Random trials before the sampler models."""
        ...

    @property
    def remedy(self) -> str:
        """What helps where no setting can be evaluated."""
        ...

    def suggested(self, trial: optuna.trial.BaseTrial) -> S:
        """The setting that a trial stands for."""
        ...

    def folds(self, setting: S) -> Mapping[str, Callable[[], Losses]]:
        """A setting's evaluations, one a fold, made when they are called."""
        ...


@dataclass(frozen=True, slots=True)
class Searched(Generic[S]):
    """A study and what it came to.

    Attributes:
        study: Optuna's.
        problem: what was searched.
        storage: where the study lies, as ``optuna-dashboard`` takes it; without a password.
    """

    study: optuna.Study
    problem: Problem[S]
    storage: str

    @property
    def best(self) -> optuna.trial.FrozenTrial:
        """Of the Pareto front, the trial that is best on the first objective; the earlier of two alike.

        Raises:
            StatisticsError: when no trial has a value.
        """
        if not any(trial.state == TrialState.COMPLETE for trial in self.study.trials):
            raise StatisticsError(f"no setting could be evaluated; {self.problem.remedy}")
        return min(self.study.best_trials, key=lambda trial: (trial.values[0], trial.number))

    @property
    def chosen(self) -> S:
        """The best trial's setting."""
        return self.problem.suggested(optuna.trial.FixedTrial(self.best.params))

    @property
    def finished(self) -> int:
        """How many trials have ended with a value, or were stopped for a poor one."""
        return _finished(self.study)

    def table(self) -> pd.DataFrame:
        """One row a trial: number, state, a column an objective, a column a parameter."""
        trials = self.study.get_trials(deepcopy=False)
        names = list(dict.fromkeys(name for trial in trials for name in trial.params))
        rows = []
        for trial in trials:
            objectives = self.problem.settings.objectives
            values = dict(zip(objectives, trial.values or [np.nan] * len(objectives), strict=True))
            params = {name: str(trial.params.get(name, "")) for name in names}
            rows.append({"number": trial.number, "state": trial.state.name.lower(), **values, **params})
        return pd.DataFrame(rows)

    def draw_front(self, folder: Path, stamp: str) -> None:
        """Draw the Pareto front where there are two objectives or more."""
        if len(self.problem.settings.objectives) > 1:
            figure = pareto_figure(self.study, self.problem.settings.objectives, stamp)
            save_figure(figure, folder, "pareto_front", ("png",))


def search_settings(
    problem: Problem[S],
    folder: Path,
    *,
    seed: int,
    reporter: Reporter | None = None,
    threads: int = 1,
    processes: int = 1,
    stop: Callable[[], None] = lambda: None,
) -> Searched[S]:
    """Try settings until the study holds as many as are wanted, those of other processes at it included.

    With a single objective a setting that is poor on its first folds is stopped. Stopped at any moment, the
    same search goes on.

    Args:
        problem: see ``Problem``.
        folder: where the study's journal lies when no storage is named.
        seed: of the sampler. A resumed study goes on with draws of its own, so only a study that ran through
            by one worker repeats to the last digit.
        reporter: is told of settings tried.
        threads: settings tried at once in this process.
        processes: that share the study, in place of threads; the problem must be picklable.
        stop: called first where the search ends early.

    Raises:
        StatisticsError: when the space holds no possible setting.
        StoreError: when the storage cannot be opened, or holds the study's name for another search.
    """
    study, wanted = _gone_on(problem, folder, seed), problem.settings.trials
    left, told = max(wanted - _finished(study), 0), reporter or Silent()
    told.answered("settings tried", wanted - left, wanted)
    pool: ThreadPoolExecutor | ProcessPoolExecutor
    if processes > 1:
        seeds = np.random.SeedSequence(seed).generate_state(processes).tolist()
        shares = [len(part) for part in np.array_split(np.arange(left), processes)]
        pool = ProcessPoolExecutor(processes, mp_context=get_context("spawn"))
        work = [partial(_share, problem, folder, n, one) for n, one in zip(shares, seeds, strict=True) if n]
    else:
        pool = ThreadPoolExecutor(threads, thread_name_prefix="trial")
        work = [partial(_try_one, study, problem)] * left
    with pool:
        try:
            jobs: list[Future[int]] = [pool.submit(one) for one in work]
            for job in as_completed(jobs):
                told.answered("settings tried", job.result(), wanted)
        except BaseException:
            stop()
            pool.shutdown(wait=False, cancel_futures=True)
            raise
    _wait_for_others(study, told)
    return Searched(study, problem, str(without_passwords(_place(problem.settings, folder))))


def open_study(problem: Problem[S], folder: Path, seed: int) -> optuna.Study:
    """Open the study, or make it; a study of the same name goes on where it stopped.

    Raises:
        StoreError: when the storage cannot be opened, or holds that name for another search.
    """
    optuna.logging.set_verbosity(logging.WARNING)
    settings = problem.settings
    try:
        with alone_in_postgresql(settings.storage and by_psycopg(settings.storage)):
            study = optuna.create_study(
                storage=_storage(settings, folder),
                study_name=settings.study or f"{problem.title}-{problem.mark[:12]}",
                directions=[StudyDirection.MINIMIZE] * len(settings.objectives),
                sampler=optuna.samplers.TPESampler(seed=seed, n_startup_trials=problem.startup),
                pruner=None if len(settings.objectives) > 1 else _pruner(settings.pruner),
                load_if_exists=True,
            )
    except ImportError as error:
        raise StoreError(
            f"study storage: needs {error.name}; for PostgreSQL pip install 'value-personas[postgres]'"
        ) from None
    except (ValueError, OSError) as error:
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
        study.set_user_attr("fingerprint", problem.mark)
    elif found != problem.mark:
        raise StoreError(
            f"study {study.study_name}: belongs to other stored answers or another search space; "
            "give this search another name with study"
        )
    return study


def mean_of_folds(values: Iterable[float]) -> float:
    """Over folds that have a defined cell; NaN without one."""
    known = [value for value in values if not np.isnan(value)]
    return float(np.mean(known)) if known else float("nan")


def _gone_on(problem: Problem[S], folder: Path, seed: int) -> optuna.Study:
    """The study under a seed of its own for each session, so that one that goes on repeats no draws."""
    return open_study(problem, folder, seed + 7919 * _finished(open_study(problem, folder, seed)))


def _finished(study: optuna.Study) -> int:
    return len(study.get_trials(deepcopy=False, states=_ENDED))


def _wait_for_others(study: optuna.Study, reporter: Reporter) -> None:
    """Until trials that other processes are still at have ended, so that all of them choose among the same.

    One that goes on for twice as long as the longest is taken for a process that was killed.
    """
    ended = study.get_trials(deepcopy=False, states=_ENDED)
    longest = max((trial.duration for trial in ended if trial.duration), default=timedelta())
    said = False
    while True:
        since = datetime.now() - 2 * longest - _A_MOMENT
        running = study.get_trials(deepcopy=False, states=(TrialState.RUNNING,))
        if not any(trial.datetime_start and trial.datetime_start > since for trial in running):
            return
        if not said:
            said = True
            reporter.note("another process is still at a setting of this study; waiting for it")
        time.sleep(0.2)


def _share(problem: Problem[S], folder: Path, trials: int, seed: int) -> int:
    """A process's share of the trials; how many it tried."""
    study = _gone_on(problem, folder, seed)
    return sum(_try_one(study, problem) for _ in range(trials))


def _try_one(study: optuna.Study, problem: Problem[S]) -> int:
    """Try one more setting; a trial without a defined value counts as stopped, one broken off as failed.

    Returns:
        Settings tried: none where other processes have tried all that were wanted meanwhile.
    """
    if _finished(study) >= problem.settings.trials:
        return 0
    trial = study.ask()
    losses: dict[str, Losses] = {}
    try:
        values = _over_folds(trial, problem, losses)
    except optuna.TrialPruned:
        trial.set_user_attr("folds", json.dumps(losses))
        study.tell(trial, state=TrialState.PRUNED)
    except BaseException:
        study.tell(trial, state=TrialState.FAIL)
        raise
    else:
        trial.set_user_attr("folds", json.dumps(losses))
        study.tell(trial, values)
    return 1


def _over_folds(trial: optuna.Trial, problem: Problem[S], losses: dict[str, Losses]) -> Sequence[float]:
    objectives = problem.settings.objectives
    folds = problem.folds(problem.suggested(trial))
    for name, fold in folds.items():
        losses[name] = dict(fold())
        if len(objectives) == 1 and len(losses) < len(folds):
            trial.report(mean_of_folds(one[objectives[0]] for one in losses.values()), len(losses))
            if trial.should_prune():
                raise optuna.TrialPruned
    means = [mean_of_folds(one[name] for one in losses.values()) for name in objectives]
    if not np.isfinite(means).all():
        raise optuna.TrialPruned("no training cell is defined for this setting")
    return means


def _pruner(name: str) -> optuna.pruners.BasePruner:
    if name == "median":
        return optuna.pruners.MedianPruner(n_startup_trials=10, n_warmup_steps=1)
    if name == "hyperband":
        return optuna.pruners.HyperbandPruner(min_resource=1)
    return optuna.pruners.NopPruner()


def _place(settings: StudySettings, folder: Path) -> str:
    return settings.storage or str(folder / _JOURNAL)


def _storage(settings: StudySettings, folder: Path) -> str | optuna.storages.BaseStorage:
    if settings.storage is not None:
        return by_psycopg(settings.storage)
    folder.mkdir(parents=True, exist_ok=True)
    return optuna.storages.JournalStorage(JournalFileBackend(_place(settings, folder)))
