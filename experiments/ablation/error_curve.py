"""Error against the number of personas, beside the human sample's own error."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from value_personas.experiments.ablation.variants import Variant
from value_personas.experiments.figures.palette import HELPS, INK, MUTED
from value_personas.experiments.figures.style import COLUMN, beside, canvas, drawing
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.scoring import SCORES, heading

__all__ = ["error_curve", "error_curve_figure"]

_KEY = "profiles.n"


def error_curve(found: Sequence[tuple[Variant, RunResult]], scores: Sequence[str]) -> pd.DataFrame:
    """The error of each number of profiles drawn, the base otherwise.

    Args:
        found: variants with their runs, the base first.
        scores: errors by name.

    Returns:
        Columns n, score, mean, lower, upper, floor, in rising n; empty where one number only was tried.
    """
    varied = [(v, r) for v, r in found if _KEY in v.levels and set(v.changed) <= {_KEY}]
    rows = []
    for variant, result in varied:
        own = result.summary[result.summary["method"] == variant.method]
        summary = own.set_index("score")[["mean", "lower", "upper"]].to_dict("index")
        for score in (name for name in scores if name in summary):
            floor = float(result.floor[score])
            rows.append({"n": int(variant.levels[_KEY]), "score": score, **summary[score], "floor": floor})
    if len(varied) < 2:
        return pd.DataFrame()
    return pd.DataFrame(rows).sort_values("n", kind="stable", ignore_index=True)


@drawing()
def error_curve_figure(curve: pd.DataFrame, stamp: str) -> Figure:
    """Draw a panel for each score.

    Args:
        curve: as ``error_curve`` gives it, not empty.
        stamp: as for ``canvas``.
    """
    names = [name for name in SCORES if name in set(curve["score"])]
    columns = beside(len(names), COLUMN)
    rows = -(-len(names) // columns)
    figure = canvas(COLUMN * columns, 2.6 * rows, stamp)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes[len(names) :]:
        axis.set_visible(False)
    for axis, name in zip(axes, names, strict=False):
        _panel(axis, curve[curve["score"] == name], name)
    return figure


def _panel(axis: Axes, curve: pd.DataFrame, score: str) -> None:
    n, mean = curve["n"].to_numpy(np.float64), curve["mean"].to_numpy(np.float64)
    below, above = mean - curve["lower"].to_numpy(np.float64), curve["upper"].to_numpy(np.float64) - mean
    ends = np.clip([below, above], 0.0, None)
    axis.errorbar(n, mean, yerr=ends, color=HELPS, marker="o", capsize=2, markersize=4)
    floor = float(curve["floor"].iloc[-1])
    axis.axhline(floor, color=INK, linestyle=(0, (4, 2)), linewidth=0.9)
    axis.annotate("noise floor of the survey", (n[-1], floor), xytext=(0, 3), textcoords="offset points",
                  ha="right", fontsize=7, color=MUTED)  # fmt: skip
    axis.set_xscale("log")
    axis.set_xticks(n, [f"{value:g}" for value in n], minor=False)
    axis.minorticks_off()
    axis.set_ylim(bottom=0.0)
    axis.set_xlabel("profiles drawn a country (log scale)")
    axis.set_ylabel(heading(score))
