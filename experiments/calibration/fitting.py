"""What a setting learns from human distributions: pooled shapes and Dirichlet maps."""

import numpy as np

from value_personas.experiments.evaluation.answers import TrainingAnswers
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.programs.calibration import (
    METHODS,
    DirichletMap,
    Setting,
    fit_dirichlet,
    pool_shape,
)
from value_personas.signatures import StatisticsError


def fit_parts(setting: Setting, training: Prepared) -> Setting:
    """Fit the parts that a method learns; other settings come back as they are.

    Args:
        setting: which method, smoothing and penalty.
        training: cells to learn from, prepared; its panel must be a ``TrainingAnswers``.

    Raises:
        StatisticsError: when there is no training cell with human answers, a Dirichlet map is asked for at
            persona level (no human distribution belongs to one persona), or answers have zeros.
    """
    if not METHODS[setting.method].learns:
        return setting
    if not isinstance(training.panel, TrainingAnswers):
        raise StatisticsError("a calibration is fitted on a TrainingAnswers, never on a whole panel")
    if setting.method == "pooled-shape":
        return setting.model_copy(update={"shapes": _shapes(training.panel)})
    if setting.level == "persona":
        raise StatisticsError(
            "Dirichlet calibration is fitted to population distributions; set level to population"
        )
    return setting.model_copy(update={"maps": _maps(setting, training)})


def _shapes(panel: TrainingAnswers) -> dict[str, tuple[float, ...]]:
    shapes = {}
    for k in np.unique(panel.lengths).tolist():
        human = panel.human[:, panel.lengths == k, :k].reshape(-1, k)
        human = human[~np.isnan(human[:, 0])]
        if len(human):
            shapes[str(k)] = tuple(pool_shape(human).tolist())
    return shapes


def _maps(setting: Setting, training: Prepared) -> dict[str, DirichletMap]:
    maps = {}
    human = training.panel.human.reshape(-1, training.shape[2])
    for rows in training.rows(setting):
        target = human[rows.cell, : rows.options]
        known = ~np.isnan(target[:, 0])
        if known.any():
            w, b = fit_dirichlet(rows.distributions.log_p.T[known], target[known], setting.penalty)
            maps[str(rows.options)] = DirichletMap(
                weights=tuple(map(tuple, w.tolist())), bias=tuple(b.tolist())
            )
    return maps
