"""Every method's mean over cells with its interval."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from value_personas.experiments.inference.clustered import clustered_means, clustered_medians
from value_personas.experiments.inference.units import units_of, zones_of
from value_personas.experiments.scoring import SCORES
from value_personas.signatures import Array


def summarise(
    scores: Mapping[str, Mapping[str, Array]],
    countries: Sequence[str],
    *,
    level: float,
    redrawn: Mapping[str, Array] | None = None,
) -> pd.DataFrame:
    """Average each score as it is to be averaged, with intervals over countries or zones and questions.

    Args:
        scores: method → score → shape (C, M), the same scores for all.
        countries: the C codes.
        level: of the intervals, 0–1.
        redrawn: score → shape (R, methods, C, M), after personas were drawn anew.

    Returns:
        Columns method, score, mean, lower, upper, cells (how many are defined).
    """
    units = units_of(list(zones_of(countries).values()))
    rows = []
    for name in next(iter(scores.values())):
        score = SCORES[name]
        values = np.stack([by_name[name] for by_name in scores.values()])
        drawn = None if redrawn is None else redrawn[name]
        if score.mean == "median":
            *found, cells = clustered_medians(values, units, level=level, replicates=drawn)
        else:
            means = clustered_means(values, units, level=level, replicates=drawn)
            found, cells = [means.point, means.lower, means.upper], means.cells
        ends = np.stack([found[0], *score.cut(np.stack(found[1:]))])
        for method, (mean, lower, upper), n in zip(scores, ends.T.tolist(), cells, strict=True):
            row = {"method": method, "score": name, "mean": mean, "lower": lower, "upper": upper}
            rows.append(row | {"cells": int(n)})
    in_order = {method: position for position, method in enumerate(scores)}
    table = pd.DataFrame(rows)
    return table.sort_values("method", key=lambda m: m.map(in_order), kind="stable", ignore_index=True)
