"""The Pareto front of a search with two objectives or more."""

import numpy as np
import optuna
from matplotlib.figure import Figure
from optuna.trial import TrialState

from value_personas.experiments.figures.palette import INK, looks
from value_personas.experiments.figures.style import FULL, canvas, drawing
from value_personas.experiments.scoring import SCORES


@drawing()
def pareto_figure(study: optuna.Study, objectives: tuple[str, ...], stamp: str) -> Figure:
    """Draw every setting tried, and the front of those that no other beats on both objectives.

    Args:
        study: with two objectives or more; the first two are drawn.
        objectives: their score names.
        stamp: as for ``canvas``.
    """
    tried = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    front = sorted(study.best_trials, key=lambda trial: trial.values[0])
    figure = canvas(0.7 * FULL, 3.6, stamp)
    axis = figure.subplots()
    for method, look in looks(map(_group, tried)).items():
        points = np.array([trial.values for trial in tried if _group(trial) == method])
        axis.scatter(
            points[:, 0], points[:, 1], s=12, alpha=0.6, color=look.colour, marker=look.marker, label=method
        )
    xs, ys = [t.values[0] for t in front], [t.values[1] for t in front]
    axis.plot(xs, ys, "o-", color=INK, linewidth=1, markersize=5, fillstyle="none", label="Pareto front")
    axis.set(xlabel=_heading(objectives[0]), ylabel=_heading(objectives[1]))
    axis.legend()
    return figure


def _group(trial: optuna.trial.FrozenTrial) -> str:
    """What a setting's points share: the way of calibrating, where these are searched."""
    return str(trial.params.get("method", "settings tried"))


def _heading(name: str) -> str:
    if name not in SCORES:
        return name
    what = ", mean of 1 − min(v, 1/v)" if SCORES[name].mean == "median" else " (loss on training cells)"
    return SCORES[name].heading + what
