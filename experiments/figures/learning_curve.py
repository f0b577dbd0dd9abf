"""The figure of a tuning: score against calls, every candidate and the best so far."""

import pandas as pd
from matplotlib.figure import Figure

from value_personas.experiments.figures.palette import INK, looks
from value_personas.experiments.figures.style import FULL, canvas, drawing, key

_LOOK = looks(["values-hedged", "country"])


@drawing()
def learning_curve_figure(curve: pd.DataFrame, stamp: str) -> Figure:
    """Draw what each candidate scored, against the calls used when it was found.

    Args:
        curve: columns calls, training, validation and best_validation; rewards, 1 is best.
        stamp: as for ``canvas``.
    """
    figure = canvas(0.7 * FULL, 3.0, stamp)
    axis = figure.subplots()
    known = curve.dropna(subset=["validation"])
    for name, rows, look in zip(("training", "validation"), (curve, known), _LOOK.values(), strict=True):
        axis.plot(
            rows["calls"], rows[name], look.marker, color=look.colour, markersize=4, alpha=0.8,
            label=f"a candidate on {name} cells",
        )  # fmt: skip
    best = "the best on validation so far"
    axis.step(known["calls"], known["best_validation"], where="post", color=INK, linewidth=1.0, label=best)
    axis.set(xlabel="calls used", ylabel="reward, 1 is best")
    key(figure, list(zip(*axis.get_legend_handles_labels(), strict=True)))
    return figure
