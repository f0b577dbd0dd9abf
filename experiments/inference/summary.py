"""Every method's mean over cells with its interval."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.experiments.inference.crossed_bootstrap import crossed_bootstrap
from value_personas.experiments.scoring import SCORES

__all__ = ["summarise"]

Array = NDArray[np.float64]


def summarise(
    scores: Mapping[str, Mapping[str, Array]],
    *,
    draws: int,
    level: float,
    seed: int,
    redrawn: Mapping[str, Array] | None = None,
) -> pd.DataFrame:
    """Average each score as it is to be averaged, and draw countries and questions anew.

    Args:
        scores: method → score → shape (C, M), the same scores for all.
        draws: bootstrap draws over countries × questions.
        level: of the intervals, 0–1.
        seed: of the draws.
        redrawn: score → shape (R, methods, C, M), after personas were drawn anew.

    Returns:
        Columns method, score, mean, lower, upper.
    """
    rows = []
    for name in next(iter(scores.values())):
        score = SCORES[name]
        interval = crossed_bootstrap(
            score.additive(np.stack([by_name[name] for by_name in scores.values()])),
            draws=draws,
            level=level,
            seed=seed,
            replicates=None if redrawn is None else score.additive(redrawn[name]),
        )
        found = score.restored(np.stack([interval.point, interval.lower, interval.upper]))
        for method, (mean, lower, upper) in zip(scores, found.T.tolist(), strict=True):
            rows.append({"method": method, "score": name, "mean": mean, "lower": lower, "upper": upper})
    in_order = {method: position for position, method in enumerate(scores)}
    table = pd.DataFrame(rows)
    return table.sort_values("method", key=lambda m: m.map(in_order), kind="stable", ignore_index=True)
