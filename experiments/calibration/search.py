"""What ``calibrate`` searches, and for what: the search's machine does the rest, and no model is asked."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property, partial
from typing import cast

import numpy as np
import optuna

from value_personas.experiments.calibration.fitting import fit_parts
from value_personas.experiments.calibration.objective import FoldedObjective
from value_personas.experiments.evaluation.answers import TrainingAnswers
from value_personas.experiments.optuna_study import Searched, one_of
from value_personas.experiments.recipe.calibration import SearchSettings
from value_personas.experiments.recipe.search import Range
from value_personas.programs.calibration import (
    METHODS,
    FittedCalibration,
    Grouping,
    Level,
    MethodName,
    Setting,
    group_names,
)


@dataclass(frozen=True)
class CalibrationProblem:
    """Ways of calibrating stored answers, and their losses on training cells.

    Attributes:
        panel: training countries × training questions, and nothing else.
        settings: the space and the objectives.
    """

    panel: TrainingAnswers
    settings: SearchSettings
    title: str = "calibration"
    remedy: str = "widen the space (methods, levels, alphas)"

    @property
    def mark(self) -> str:
        """Of the answers and the space."""
        panel = self.panel
        space = self.settings.model_dump(mode="json", exclude={"trials", "workers", "study", "storage"})
        digest = hashlib.sha256(json.dumps([space, panel.countries, panel.questions, panel.method]).encode())
        for array in (panel.log_p, panel.human, panel.weights, panel.scores):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    @property
    def startup(self) -> int:
        """Enough to meet every method at every level a few times."""
        settings = self.settings
        kinds = len(settings.methods) * len(settings.levels) * len(settings.per)
        return max(10, min(4 * kinds, settings.trials // 2))

    @cached_property
    def objective(self) -> FoldedObjective:
        """Made by whoever tries settings: a process of its own makes its own."""
        return FoldedObjective(self.panel, self.settings.objectives)

    def suggested(self, trial: optuna.trial.BaseTrial) -> Setting:
        """Names of parameters are method-dependent, their kinds never change."""
        settings = self.settings
        method = cast("MethodName", one_of(trial, "method", settings.methods))
        by_cell = method == "dirichlet"  # no human distribution belongs to one persona
        level = "population" if by_cell else cast("Level", one_of(trial, "level", settings.levels))
        setting = Setting(
            method=method,
            level=level,
            per=cast("Grouping", one_of(trial, "per", settings.per)),
            alpha=one_of(trial, "alpha", settings.alphas) if self.panel.draws > 0 else 0.0,
            keeps_mean_of=settings.keeps_mean_of,
            penalty=one_of(trial, "penalty", (1e-4, 1e-3, 1e-2, 1e-1)) if by_cell else 0.01,
        )
        if not (name := METHODS[method].strength):
            return setting
        groups = sorted(set(group_names(setting.per, self.panel.lengths.tolist(), self.panel.topics)))
        low, high = settings.temperature if name == "T" else (0.0, 1.0)
        among = Range(low=float(low), high=float(high), log=name == "T")
        # A scale length 10 and a topic named 10 would be different parameters, hence ``per`` in the name.
        strength = {group: one_of(trial, f"{name} {method} {setting.per} {group}", among) for group in groups}
        return setting.model_copy(update={"strength": strength})

    def folds(self, setting: Setting) -> Mapping[str, Callable[[], Mapping[str, float]]]:
        """All at once: a fold's parts are fitted on the others."""
        losses = self.objective(setting)
        return {fold: partial(losses.__getitem__, fold) for fold in losses}


def fitted(searched: Searched[Setting], problem: CalibrationProblem) -> FittedCalibration:
    """The best setting, its parts fitted on all training cells, as a record.

    With several objectives it is the trial on the Pareto front that is best on the first.

    Raises:
        StatisticsError: when no trial succeeded.
    """
    panel, first = problem.panel, problem.settings.objectives[0]
    objective = FoldedObjective(panel, (first,))
    setting = searched.chosen
    return FittedCalibration(
        setting=fit_parts(setting, objective.prepared),
        countries=panel.countries,
        questions=panel.questions,
        objective=first,
        value=float(searched.best.values[0]),
        folds={fold: scores[first] for fold, scores in objective(setting).items()},
        study=searched.study.study_name,
        trials=searched.finished,
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
