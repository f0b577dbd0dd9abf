"""The Optuna search: resumable, shared by workers, pruned over folds, one or several objectives."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import cast

import numpy as np
import optuna

from value_personas.experiments import optuna_study
from value_personas.experiments.calibration.fitting import fit_parts
from value_personas.experiments.calibration.objective import FoldedObjective
from value_personas.experiments.evaluation.answers import TrainingAnswers
from value_personas.experiments.optuna_study import best_trial, finished, gone_on, try_one
from value_personas.experiments.recipe.calibration import SearchSettings
from value_personas.programs.calibration import (
    TEMPERATURE_METHODS,
    FittedCalibration,
    Grouping,
    Level,
    MethodName,
    Setting,
    group_names,
)


def search(
    panel: TrainingAnswers,
    settings: SearchSettings,
    folder: Path,
    *,
    seed: int = 0,
    on_trial: Callable[[int, int], None] = lambda done, total: None,
) -> optuna.Study:
    """Try settings until the study holds ``settings.trials`` of them; no model is asked.

    Args:
        panel: training countries × training questions, and nothing else.
        settings: the space and the objectives.
        folder: where the study's journal lies when no storage is named.
        seed: of the sampler. A resumed study goes on with draws of its own, so only a study that ran
            through by one worker repeats to the last digit.
        on_trial: called with the trials done and wanted; in this process only.

    Raises:
        StatisticsError: when the space holds no possible setting.
        StoreError: when the storage cannot be opened.
    """
    study = open_study(panel, settings, folder, seed)
    left = settings.trials - finished(study)
    if left <= 0:
        return study
    if settings.workers == 1:
        _work(panel, settings, folder, left, seed, lambda: on_trial(finished(study), settings.trials))
        return study
    shares = [len(part) for part in np.array_split(np.arange(left), settings.workers)]
    seeds = np.random.SeedSequence(seed).generate_state(settings.workers).tolist()
    with ProcessPoolExecutor(settings.workers, mp_context=get_context("spawn")) as pool:
        jobs = [
            pool.submit(_work, panel, settings, folder, n, one)
            for n, one in zip(shares, seeds, strict=True)
            if n
        ]
        for job in jobs:
            job.result()
            on_trial(finished(study), settings.trials)
    return study


def open_study(panel: TrainingAnswers, settings: SearchSettings, folder: Path, seed: int = 0) -> optuna.Study:
    """Open the study, or make it; a study of the same name goes on where it stopped.

    Raises:
        StoreError: when the storage cannot be opened, or holds that name for another search.
    """
    return optuna_study.open_study(
        settings.study or study_name(panel, settings),
        _fingerprint(panel, settings),
        settings,
        folder,
        seed=seed,
        startup=_startup(settings),
    )


def study_name(panel: TrainingAnswers, settings: SearchSettings) -> str:
    """A name that changes with the data and the space, so that a study is never mixed."""
    return f"calibration-{_fingerprint(panel, settings)[:12]}"


def suggest(trial: optuna.trial.BaseTrial, panel: TrainingAnswers, settings: SearchSettings) -> Setting:
    """The next setting to try; names of parameters are method-dependent, their kinds never change."""
    method = cast("MethodName", trial.suggest_categorical("method", settings.methods))
    by_cell = method == "dirichlet"  # no human distribution belongs to one persona
    level = "population" if by_cell else cast("Level", trial.suggest_categorical("level", settings.levels))
    counted = panel.draws > 0
    setting = Setting(
        method=method,
        level=level,
        per=cast("Grouping", trial.suggest_categorical("per", settings.per)),
        alpha=trial.suggest_categorical("alpha", settings.alphas) if counted else 0.0,
        keeps_mean_of=settings.keeps_mean_of,
        penalty=trial.suggest_categorical("penalty", (1e-4, 1e-3, 1e-2, 1e-1)) if by_cell else 0.01,
    )
    if method in ("none", "dirichlet"):
        return setting
    groups = sorted(set(group_names(setting.per, panel.lengths.tolist(), panel.topics)))
    strength = {group: _strength(trial, method, setting.per, group, settings) for group in groups}
    return setting.model_copy(update={"strength": strength})


def chosen(study: optuna.Study, panel: TrainingAnswers, settings: SearchSettings) -> FittedCalibration:
    """The best setting, its parts fitted on all training cells, as a record.

    With several objectives it is the trial on the Pareto front that is best on the first.

    Raises:
        StatisticsError: when no trial succeeded.
    """
    best = best_trial(study, "widen the space (methods, levels, alphas)")
    objective = FoldedObjective(panel, settings.objectives[:1])
    setting = suggest(optuna.trial.FixedTrial(best.params), panel, settings)
    folds = {fold: scores[settings.objectives[0]] for fold, scores in objective(setting).items()}
    return FittedCalibration(
        setting=fit_parts(setting, objective.prepared),
        countries=panel.countries,
        questions=panel.questions,
        objective=settings.objectives[0],
        value=float(best.values[0]),
        folds=folds,
        study=study.study_name,
        trials=finished(study),
        synthetic=panel.synthetic,
        aliases=_aliases(panel),
        kind=panel.method,
        respondent=panel.respondent,
        elicitation=panel.elicitation,
    )


def _aliases(panel: TrainingAnswers) -> dict[str, tuple[str, ...]]:
    """The names by which a question, or one too like it, may be known again."""
    names = zip(panel.questions, panel.ivs, panel.batteries, strict=True)
    own = {code: tuple(name for name in others if name and name != code) for code, *others in names}
    return {code: others for code, others in own.items() if others}


def _work(
    panel: TrainingAnswers,
    settings: SearchSettings,
    folder: Path,
    trials: int,
    seed: int,
    done: Callable[[], None] = lambda: None,
) -> None:
    """One worker's share of the trials."""
    objective = FoldedObjective(panel, settings.objectives)
    study = gone_on(partial(open_study, panel, settings, folder), seed)

    def folds_of(trial: optuna.Trial) -> Sequence[Callable[[], Mapping[str, float]]]:
        folds = objective(suggest(trial, panel, settings))  # at once: a fold's parts are fitted on the others
        trial.set_user_attr("folds", json.dumps(folds))
        return [partial(folds.__getitem__, fold) for fold in folds]

    for _ in range(trials):
        try_one(study, settings.objectives, folds_of)
        done()


def _strength(
    trial: optuna.trial.BaseTrial, method: str, per: str, group: str, settings: SearchSettings
) -> float:
    # A scale length 10 and a topic named 10 would be different parameters, hence ``per`` in the name.
    if method in TEMPERATURE_METHODS:
        low, high = settings.temperature
        return trial.suggest_float(f"T {method} {per} {group}", low, high, log=True)
    return trial.suggest_float(f"λ {method} {per} {group}", 0.0, 1.0)


def _startup(settings: SearchSettings) -> int:
    """Random trials before the sampler models: enough to meet every method at every level a few times."""
    kinds = len(settings.methods) * len(settings.levels) * len(settings.per)
    return max(10, min(4 * kinds, settings.trials // 2))


def _fingerprint(panel: TrainingAnswers, settings: SearchSettings) -> str:
    space = settings.model_dump(mode="json", exclude={"trials", "workers", "study", "storage"})
    digest = hashlib.sha256(json.dumps([space, panel.countries, panel.questions, panel.method]).encode())
    for array in (panel.log_p, panel.human, panel.weights, panel.scores):
        digest.update(np.ascontiguousarray(array).tobytes())
    return digest.hexdigest()
