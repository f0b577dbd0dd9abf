"""What a search minimises: a named score over folds of training countries, each country judged once."""

from collections.abc import Mapping

import numpy as np

from value_personas.experiments.calibration.fitting import fit_parts
from value_personas.experiments.evaluation.answers import TrainingAnswers, score_panel
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.experiments.scoring import SCORES, known_score
from value_personas.programs.calibration import METHODS, Setting
from value_personas.signatures import Array, StatisticsError


def fold_names(panel: TrainingAnswers) -> tuple[str, ...]:
    """The fold of each country: its cultural zone, or itself where all are of one zone."""
    return panel.zones if len(set(panel.zones)) > 1 else panel.countries


class FoldedObjective:
    """Scores settings by cross-validation over cultural zones.

    A setting without fitted parts is applied once to all countries. One with fitted parts is fitted on the
    other folds and applied to the fold, so that every country is still calibrated once.

    Args:
        panel: training cells.
        scores: names of the scores to report.
    """

    def __init__(self, panel: TrainingAnswers, scores: tuple[str, ...]) -> None:
        for name in scores:
            known_score(name)
        self.panel = panel
        self.scores = scores
        self.prepared = Prepared(panel, keep=True)
        self.folds = fold_names(panel)
        self._parts: dict[str, tuple[Prepared, Prepared]] = {}
        self._fitted: dict[tuple[str, str], Setting] = {}

    def __call__(self, setting: Setting) -> Mapping[str, dict[str, float]]:
        """Fold → score → loss."""
        by_cell = score_panel(self.panel, self.estimate(setting), self.scores)
        folds = np.array(self.folds)
        return {
            fold: {name: SCORES[name].loss(values[folds == fold]) for name, values in by_cell.items()}
            for fold in dict.fromkeys(self.folds)
        }

    def estimate(self, setting: Setting) -> Array:
        """Out-of-fold estimates, shape (C, M, K)."""
        if not METHODS[setting.method].learns:
            return self.prepared.estimate(setting)
        if len(set(self.folds)) < 2:
            raise StatisticsError(
                f"{setting.method} is cross-validated and needs two training countries or more"
            )
        out = np.empty(self.prepared.shape)
        for fold in dict.fromkeys(self.folds):
            held = self._fold(fold)[1]
            places = [i for i, name in enumerate(self.folds) if name == fold]
            parts = self._fit(fold, setting.model_copy(update={"strength": {}, "per": "all"}))
            whole = {"strength": setting.strength, "per": setting.per}
            out[places] = held.estimate(parts.model_copy(update=whole))
        return out

    def _fit(self, fold: str, parts: Setting) -> Setting:
        """Fitted parts do not depend on the strength, so most trials find theirs here."""
        key = fold, parts.model_dump_json()
        if key not in self._fitted:
            self._fitted[key] = fit_parts(parts, self._fold(fold)[0])
        return self._fitted[key]

    def _fold(self, fold: str) -> tuple[Prepared, Prepared]:
        """The other folds and this one, prepared once."""
        if fold not in self._parts:
            codes = [
                code for code, name in zip(self.panel.countries, self.folds, strict=True) if name == fold
            ]
            parts = self.panel.without(codes), self.panel.only(codes)
            self._parts[fold] = Prepared(parts[0], keep=True), Prepared(parts[1], keep=True)
        return self._parts[fold]
