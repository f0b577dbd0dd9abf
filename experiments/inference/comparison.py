"""Methods against a baseline: differences with intervals and corrected p-values, in all and by group."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from experiments.inference.crossed_bootstrap import BootstrapResult, crossed_bootstrap
from experiments.inference.paired_tests import holm, sign_flip_p, unit_means, wilcoxon_p
from signatures import CalibrationError

__all__ = ["CellGroups", "compare_methods"]

Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class CellGroups:
    """How the cells of an error array are grouped.

    Attributes:
        zones: each country's cultural zone.
        near: each question's nearness to the value items.
        options: each question's scale length.
    """

    zones: Sequence[str]
    near: Sequence[bool]
    options: Sequence[int]


def compare_methods(
    errors: Array,
    methods: Sequence[str],
    groups: CellGroups,
    *,
    baseline: int = 0,
    draws: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
) -> pd.DataFrame:
    """Every method's error minus the baseline's.

    Args:
        errors: shape (methods, countries, questions), 0 is best; NaN where undefined.
        methods: their names.
        groups: of countries and questions.
        baseline: the method that the others are compared with.
        draws: of the crossed bootstrap.
        level: of the intervals.
        seed: of the draws.

    Returns:
        One row for each group of cells × method: group, value, method, cells, mean, baseline, difference,
        lower, upper (countries × questions drawn), lower_by_zone, upper_by_zone (zones drawn in place of
        countries), wilcoxon_p and sign_flip_p over countries, the same by zone (p_by_zone, sign flip), and
        holm_p, the sign-flip p corrected over the methods of the group. A group of one country or zone has
        no interval or p-value over it: NaN.
    """
    e = np.asarray(errors, dtype=np.float64)
    if e.ndim != 3 or len(methods) != len(e) or not 0 <= baseline < len(e) or len(e) < 2:
        raise CalibrationError(
            f"compare two methods or more, named one by one, got errors of shape {e.shape}"
        )
    rows = []
    for (group, value), c, m in _groups(groups):
        rows += _rows(e[:, c][:, :, m], methods, [groups.zones[i] for i in c], baseline, draws, level, seed)
        for row in rows[-(len(methods) - 1) :]:
            row |= {"group": group, "value": value}
    frame = pd.DataFrame(rows)
    return frame[["group", "value", *frame.columns.drop(["group", "value"])]]


def _groups(groups: CellGroups) -> Iterator[tuple[tuple[str, str], list[int], list[int]]]:
    """All cells, then by zone, nearness and scale length."""
    c, m = list(range(len(groups.zones))), list(range(len(groups.near)))
    yield ("all", "all"), c, m
    for zone in sorted(set(groups.zones)):
        yield ("zone", zone), [i for i in c if groups.zones[i] == zone], m
    for near in sorted(set(groups.near)):
        yield ("distance", "near" if near else "far"), c, [i for i in m if groups.near[i] == near]
    for k in sorted(set(groups.options)):
        yield ("options", str(k)), c, [i for i in m if groups.options[i] == k]


def _rows(
    e: Array, methods: Sequence[str], zones: list[str], baseline: int, draws: int, level: float, seed: int
) -> list[dict[str, object]]:
    others = [i for i in range(len(methods)) if i != baseline]
    by_country = _bootstrap(e, baseline, others, draws, level, seed, None)
    by_zone = _bootstrap(e, baseline, others, draws, level, seed, zones)
    rows: list[dict[str, object]] = []
    p_values: list[float] = []
    for place, i in enumerate(others):
        difference = e[i] - e[baseline]
        countries, units = unit_means(difference), unit_means(difference, list(zones))
        several, zoned = countries.size > 1, units.size > 1
        low, high = _ends(by_country, place, several)
        zone_low, zone_high = _ends(by_zone, place, zoned)
        both = ~np.isnan(difference)
        p_values.append(sign_flip_p(countries, seed=seed) if several else float("nan"))
        rows.append(
            {
                "method": methods[i],
                "cells": int(both.sum()),
                "mean": _mean(e[i][both]),
                "baseline": _mean(e[baseline][both]),
                "difference": _mean(difference[both]),
                "lower": low,
                "upper": high,
                "lower_by_zone": zone_low,
                "upper_by_zone": zone_high,
                "wilcoxon_p": wilcoxon_p(countries) if several else float("nan"),
                "sign_flip_p": p_values[-1],
                "p_by_zone": sign_flip_p(units, seed=seed) if zoned else float("nan"),
            }
        )
    for row, p in zip(rows, holm(p_values), strict=True):
        row["holm_p"] = float(p)
    return rows


def _bootstrap(
    e: Array, baseline: int, others: list[int], draws: int, level: float, seed: int, zones: list[str] | None
) -> BootstrapResult:
    """Intervals of the differences themselves, each on the cells that its pair shares."""
    differences = np.stack([e[i] - e[baseline] for i in others])
    return crossed_bootstrap(differences, draws=draws, level=level, seed=seed, clusters=zones)


def _ends(result: BootstrapResult, place: int, possible: bool) -> tuple[float, float]:
    if not possible:
        return float("nan"), float("nan")
    return float(result.lower[place]), float(result.upper[place])


def _mean(values: Array) -> float:
    return float(values.mean()) if values.size else float("nan")
