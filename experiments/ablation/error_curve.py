"""Error against the number of personas."""

from collections.abc import Sequence

import pandas as pd

from value_personas.experiments.ablation.variants import Variant
from value_personas.experiments.run.result import RunResult

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
