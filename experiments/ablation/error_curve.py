"""Error against the number of personas, beside the human sample's own error."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from value_personas.experiments.ablation.variants import Variant
from value_personas.experiments.figures.style import texts_as_they_are
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.scoring import SCORES, heading

__all__ = ["draw_error_curve", "error_curve"]

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


@texts_as_they_are()
def draw_error_curve(curve: pd.DataFrame, title: str, path: Path) -> None:
    """Draw a panel for each score.

    Args:
        curve: as ``error_curve`` gives it, not empty.
        title: printed above; carries the word synthetic where it is due.
        path: a PNG, SVG or PDF.
    """
    names = [name for name in SCORES if name in set(curve["score"])]
    figure = Figure(figsize=(3.6 * len(names) + 0.4, 3.4), layout="constrained")
    axes = figure.subplots(1, len(names), squeeze=False)[0]
    for axis, name in zip(axes, names, strict=True):
        _panel(axis, curve[curve["score"] == name], name)
    figure.suptitle(title, fontsize=10)
    figure.savefig(path, dpi=150)


def _panel(axis: Axes, curve: pd.DataFrame, score: str) -> None:
    n, mean = curve["n"].to_numpy(np.float64), curve["mean"].to_numpy(np.float64)
    below, above = mean - curve["lower"].to_numpy(np.float64), curve["upper"].to_numpy(np.float64) - mean
    ends = np.clip([below, above], 0.0, None)
    axis.errorbar(n, mean, yerr=ends, color="C0", marker="o", capsize=3, markersize=4)
    floor = float(curve["floor"].iloc[-1])
    axis.axhline(floor, color="0.4", linestyle="--", linewidth=1.0)
    axis.annotate("noise floor of the survey", (n[-1], floor), xytext=(0, 3), textcoords="offset points",
                  ha="right", fontsize=7, color="0.3")  # fmt: skip
    axis.set_xscale("log")
    axis.set_xticks(n, [f"{value:g}" for value in n], minor=False)
    axis.minorticks_off()
    axis.set_ylim(bottom=0.0)
    axis.set_xlabel("profiles drawn a country (log scale)")
    axis.set_ylabel(heading(score))
    axis.tick_params(labelsize=8)
