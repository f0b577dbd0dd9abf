"""A survey's countries over the published ones of the cultural map."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from value_personas.data import MAP_AXES, drawable, published_map
from value_personas.experiments.figures.labels import Name, set_names
from value_personas.experiments.figures.palette import INK, looks
from value_personas.experiments.figures.style import FULL, SMALL, canvas, drawing, key


@drawing()
def survey_map_figure(points: pd.DataFrame, names: Mapping[str, str], stamp: str) -> Figure:
    """Draw where a survey's people lie; each cultural zone has a sign and a colour of its own.

    Args:
        points: as ``cultural_map`` returns them.
        names: alpha-3 code → the name to write beside the point.
        stamp: as for ``canvas``.
    """
    published = pd.DataFrame(
        [(p.zone, *(getattr(p, axis) for axis in MAP_AXES)) for p in published_map().values()],
        columns=["zone", *MAP_AXES],
    )
    figure = canvas(FULL, 5.4, stamp)
    axis = figure.subplots()
    zones = sorted(published["zone"].unique())
    for zone, look in looks(zones).items():
        inside = published[published["zone"] == zone]
        axis.scatter(
            inside[MAP_AXES[0]], inside[MAP_AXES[1]], s=14, alpha=0.7, linewidth=0, color=look.colour,
            marker=look.marker, label=zone,
        )  # fmt: skip
    own = points[list(MAP_AXES)].to_numpy(np.float64)
    axis.scatter(own[:, 0], own[:, 1], s=26, marker="D", color=INK, zorder=3, label="this survey")
    axis.set(xlabel="survival → self-expression values", ylabel="traditional → secular-rational values")
    key(figure, list(zip(*axis.get_legend_handles_labels(), strict=True)))
    codes = points["country"].astype(str)
    written = [
        Name(drawable([names.get(code, code), code]), x, y) for code, (x, y) in zip(codes, own, strict=True)
    ]
    set_names(axis, written, np.vstack([own, published[list(MAP_AXES)]]), SMALL, must=True)
    return figure
