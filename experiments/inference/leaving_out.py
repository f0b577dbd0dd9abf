"""The interval of a statistic that has no formula of its own, by leaving out units and questions in turn."""

from collections.abc import Sequence

import numpy as np
from scipy.special import stdtrit

from value_personas.signatures import Array


def interval_by_leaving_out(
    point: float, *left_out: Sequence[float] | Array, level: float
) -> tuple[float, float]:
    """Student's interval of a two-way jackknife (Efron & Stein 1981, once a clustering).

    Args:
        point: the statistic of everything.
        left_out: of each clustering (units, questions), the statistic without each of its members; NaN
            where it is undefined.
        level: of the interval.

    Returns:
        Lower and upper end; NaN where no clustering has two members. The variances of the clusterings add
        up, and the smaller number of members less one is the degrees of freedom.
    """
    known = [values[~np.isnan(values)] for values in map(np.asarray, left_out)]
    parts = [((n - 1) / n * ((v - point) ** 2).sum(), n) for v in known if (n := len(v)) > 1]
    if not parts or np.isnan(point):
        return float("nan"), float("nan")
    df = min(n for _, n in parts) - 1
    half = float(stdtrit(df, (1.0 + level) / 2.0) * np.sqrt(sum(variance for variance, _ in parts)))
    return point - half, point + half
