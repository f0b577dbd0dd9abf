"""The best single strength on given cells: for rotations, and as the oracle no honest fit can beat."""

from collections.abc import Callable

import numpy as np
from scipy.optimize import minimize_scalar

from value_personas.experiments.calibration.fitting import fit_parts
from value_personas.experiments.calibration.objective import FoldedObjective
from value_personas.experiments.evaluation.answers import Answers, TrainingAnswers
from value_personas.programs.calibration import METHODS, FittedCalibration, Setting

TEMPERATURES = np.unique(np.append(np.geomspace(0.5, 1000.0, 45), 1.0))
WEIGHTS = np.linspace(0.0, 1.0, 41)

TIE = 1e-9
"""Losses as near as this are taken for equal, and the strength that changes least wins."""


def best_strength(evaluate: Callable[[float], float], method: str) -> tuple[float, float]:
    """Minimise over T (log scale, 0.5 … 1000) or λ (0 … 1): a grid, then a bounded search about its best.

    The loss need not be unimodal in T, hence the grid.

    Returns:
        The strength and its loss.
    """
    hot = METHODS[method].strength == "T"
    grid = np.log(TEMPERATURES) if hot else WEIGHTS

    def at(x: float) -> float:
        return evaluate(float(np.exp(x)) if hot else float(x))

    losses = np.array([at(x) for x in grid])
    ties = np.flatnonzero(losses <= losses.min() + TIE)
    best = int(ties[np.argmin(np.abs(grid[ties]))])  # log T = 0 and λ = 0 change nothing
    around = (grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)])
    refined = minimize_scalar(at, bounds=around, method="bounded", options={"xatol": 1e-4})
    x, value = (refined.x, refined.fun) if refined.fun < losses[best] - TIE else (grid[best], losses[best])
    return (float(np.exp(x)) if hot else float(x)), float(value)


def fit_strength(training: TrainingAnswers, setting: Setting, objective: str) -> FittedCalibration:
    """Fit one strength for all questions to training cells, without a search over anything else.

    Args:
        training: the cells.
        setting: method, level, smoothing and penalty; its strength is ignored.
        objective: the score whose mean over folds is minimised.
    """
    folded = FoldedObjective(training, (objective,))

    def evaluate(strength: float) -> float:
        folds = folded(setting.model_copy(update={"strength": {"all": strength}}))
        return float(np.mean([scores[objective] for scores in folds.values()]))

    fixed = not METHODS[setting.method].strength
    strength, value = (1.0, evaluate(1.0)) if fixed else best_strength(evaluate, setting.method)
    fitted = setting.model_copy(update={"strength": {} if fixed else {"all": strength}})
    folds = {fold: scores[objective] for fold, scores in folded(fitted).items()}
    return FittedCalibration(
        setting=fit_parts(fitted, folded.prepared),
        countries=training.countries,
        questions=training.questions,
        objective=objective,
        value=value,
        folds=folds,
        synthetic=training.synthetic,
    )


def fit_oracle(panel: Answers, setting: Setting, objective: str) -> FittedCalibration:
    """Fit on the very cells to be judged, and say so: a bound on what this method could reach."""
    training = panel.training(panel.countries, panel.questions)
    return fit_strength(training, setting, objective).model_copy(update={"oracle": True})
