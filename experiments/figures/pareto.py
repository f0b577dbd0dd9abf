"""The Pareto front of a search with two objectives or more."""

from pathlib import Path

import optuna
from matplotlib.figure import Figure
from optuna.trial import TrialState

from value_personas.experiments.figures.style import texts_as_they_are
from value_personas.experiments.scoring import SCORES

__all__ = ["draw_pareto_front"]


@texts_as_they_are()
def draw_pareto_front(study: optuna.Study, objectives: tuple[str, ...], path: Path, title: str) -> None:
    """Draw every setting tried, and the front of those that no other beats on both objectives.

    Args:
        study: with two objectives or more; the first two are drawn.
        objectives: their score names.
        path: a PNG, SVG or PDF.
        title: printed above; carries the word synthetic where it is due.
    """
    tried = study.get_trials(deepcopy=False, states=(TrialState.COMPLETE,))
    front = sorted(study.best_trials, key=lambda trial: trial.values[0])
    figure = Figure(figsize=(5.2, 4.2), layout="constrained")
    axis = figure.subplots()
    for method in dict.fromkeys(trial.params["method"] for trial in tried):
        points = [trial.values for trial in tried if trial.params["method"] == method]
        axis.scatter([v[0] for v in points], [v[1] for v in points], s=12, alpha=0.6, label=method)
    xs, ys = [t.values[0] for t in front], [t.values[1] for t in front]
    axis.plot(
        xs, ys, color="0.2", linewidth=1, marker="o", markersize=5, fillstyle="none", label="Pareto front"
    )
    axis.set(xlabel=_heading(objectives[0]), ylabel=_heading(objectives[1]))
    axis.set_title(title, fontsize=10)
    axis.legend(fontsize=7, frameon=False)
    figure.savefig(path, dpi=150)


def _heading(name: str) -> str:
    what = ", mean of 1 − min(v, 1/v)" if SCORES[name].mean == "geometric" else " (loss, cross-validated)"
    return SCORES[name].heading + what
