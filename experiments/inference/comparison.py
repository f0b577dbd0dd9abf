"""Methods against each other, cell by cell: differences with intervals and p-values, in all and by group."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd

from value_personas.experiments.inference.clustered import Estimates, clustered_means
from value_personas.experiments.inference.paired_tests import holm, sign_flip_p, unit_totals, wilcoxon_p
from value_personas.experiments.inference.units import units_of
from value_personas.signatures import Array, StatisticsError

_DIGITS = 10
"""Decimals of an error that count."""


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
    pairs: Sequence[tuple[int, int]],
    *,
    level: float = 0.95,
    draws: int = 20_000,
    seed: int = 0,
    replicates: Array | None = None,
) -> pd.DataFrame:
    """One method's error minus another's, for each pair of them.

    Args:
        errors: shape (methods, countries, questions), 0 is best; NaN where undefined.
        methods: their names.
        groups: of countries and questions.
        pairs: the places of a method and of the one that it is compared with.
        level: of the intervals.
        draws: random sign patterns of the sign-flip test, where there are too many to try all.
        seed: of these.
        replicates: shape (R, methods, countries, questions), the errors after personas were drawn anew, so
            that the intervals carry their sampling too.

    Returns:
        One row for each group of cells × pair: group, value, method, against, cells, mean, baseline (the two
        errors), difference, lower, upper and p, of one standard error (``clustered_means``); holm_p, p
        adjusted over the pairs of the group; sign_flip_p and wilcoxon_p over countries, or zones where these
        are the units: of these very questions. Pairs that are equal by construction are no test and count in
        no family; a group of one country has neither interval nor p, unless there is one country in all:
        both then tell of other questions.

    Raises:
        StatisticsError: when there is nothing to compare.
    """
    # A calibration keeps means to about 1e-12; what is left of a mean's error beyond is no difference.
    e = np.asarray(errors, dtype=np.float64).round(_DIGITS)
    if e.ndim != 3 or len(methods) != len(e) or not pairs:
        raise StatisticsError(
            f"compare two methods or more, named one by one, got shape {e.shape} and {len(pairs)} pairs"
        )
    one, other = (list(side) for side in zip(*pairs, strict=True))
    rows: list[dict[str, object]] = []
    for (group, value), c, m in _groups(groups):
        units = units_of([groups.zones[i] for i in c])
        part = e[:, c][:, :, m]
        redrawn = None if replicates is None else replicates[:, :, c][..., m]
        found = clustered_means(
            part[one] - part[other],
            units,
            level=level,
            replicates=None if redrawn is None else redrawn[:, one] - redrawn[:, other],
        )
        flips = partial(sign_flip_p, draws=draws, seed=seed)
        told = _rows(part, found, pairs, units, flips, alone=e.shape[1] == 1)
        names = [{"method": methods[i], "against": methods[j]} for i, j in pairs]
        rows += [{"group": group, "value": value} | n | r for n, r in zip(names, told, strict=True)]
    return pd.DataFrame(rows)


def within(table: pd.DataFrame, furthest: float) -> pd.DataFrame:
    """Intervals of differences that do not go beyond how far apart two errors can be.

    Args:
        table: with the columns lower and upper.
        furthest: as of ``Score``.
    """
    return table.assign(**{end: table[end].clip(-furthest, furthest) for end in ("lower", "upper")})


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
    e: Array,
    found: Estimates,
    pairs: Sequence[tuple[int, int]],
    units: Sequence[str],
    flips: Callable[[Array], float],
    *,
    alone: bool,
) -> list[dict[str, object]]:
    nan = float("nan")
    rows: list[dict[str, object]] = []
    for place, (i, j) in enumerate(pairs):
        difference = e[i] - e[j]
        both = ~np.isnan(difference)
        totals, means = unit_totals(difference, units)
        several, told = totals.size > 1, totals.size > 1 or alone
        equal = not difference[both].any()
        rows.append(
            {
                "cells": int(both.sum()),
                "mean": _mean(e[i][both]),
                "baseline": _mean(e[j][both]),
                "difference": float(found.point[place]),
                "lower": float(found.lower[place]) if told else nan,
                "upper": float(found.upper[place]) if told else nan,
                "p": float(found.p[place]) if told and not equal else nan,
                "sign_flip_p": flips(totals) if several and not equal else nan,
                "wilcoxon_p": wilcoxon_p(means) if several and not equal else nan,
            }
        )
    p_values = np.array([row["p"] for row in rows], dtype=np.float64)
    for row, p in zip(rows, holm(p_values), strict=True):
        row["holm_p"] = float(p)
    return rows


def _mean(values: Array) -> float:
    return float(values.mean()) if values.size else float("nan")
