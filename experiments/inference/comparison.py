"""Methods against a baseline: differences with intervals and corrected p-values, in all and by group."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.experiments.inference.crossed_bootstrap import BootstrapResult, crossed_bootstrap
from value_personas.experiments.inference.paired_tests import holm, sign_flip_p, unit_means, wilcoxon_p
from value_personas.signatures import StatisticsError

__all__ = ["CellGroups", "compare_methods"]

Array = NDArray[np.float64]

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
    *,
    baseline: int = 0,
    draws: int = 10_000,
    level: float = 0.95,
    seed: int = 0,
    replicates: Array | None = None,
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
        replicates: shape (R, methods, countries, questions), the errors after personas were drawn anew, so
            that the intervals carry their sampling too.

    Returns:
        One row for each group of cells × method: group, value, method, cells, mean, baseline, difference,
        lower, upper (countries × questions drawn), lower_by_zone, upper_by_zone (zones drawn in place of
        countries), wilcoxon_p and sign_flip_p over countries, the same by zone (p_by_zone, sign flip), and
        holm_p, the sign-flip p corrected over the methods of the group. A group of one country or zone has
        no interval or p-value over it: NaN; but where there is one country in all, intervals draw questions.
    """
    # A calibration keeps means to about 1e-12; what is left of a mean's error beyond is no difference.
    e = np.asarray(errors, dtype=np.float64).round(_DIGITS)
    if e.ndim != 3 or len(methods) != len(e) or not 0 <= baseline < len(e) or len(e) < 2:
        raise StatisticsError(f"compare two methods or more, named one by one, got errors of shape {e.shape}")
    drawing = _Drawing(draws, level, seed)
    rows: list[dict[str, object]] = []
    for (group, value), c, m in _groups(groups):
        redrawn = None if replicates is None else replicates[:, :, c][..., m]
        pairs = _Pairs(e[:, c][:, :, m], redrawn, baseline, [groups.zones[i] for i in c], e.shape[1] == 1)
        rows += [{"group": group, "value": value} | row for row in _rows(pairs, methods, drawing)]
    return pd.DataFrame(rows)


@dataclass(frozen=True, slots=True)
class _Drawing:
    """How intervals are drawn."""

    draws: int
    level: float
    seed: int


@dataclass(frozen=True, slots=True)
class _Pairs:
    """The errors of one group of cells, and whom they are compared with."""

    errors: Array
    replicates: Array | None
    baseline: int
    zones: list[str]
    lone: bool
    """Whether there is one country in all: intervals then tell of other questions, and nobody takes it
    otherwise."""

    @property
    def others(self) -> list[int]:
        """Every method but the baseline."""
        return [i for i in range(len(self.errors)) if i != self.baseline]

    def bootstrap(self, drawing: _Drawing, clusters: list[str] | None) -> BootstrapResult:
        """Intervals of the differences themselves, each on the cells that its pair shares."""
        others, base = self.others, self.baseline
        redrawn = self.replicates
        return crossed_bootstrap(
            np.stack([self.errors[i] - self.errors[base] for i in others]),
            draws=drawing.draws,
            level=drawing.level,
            seed=drawing.seed,
            clusters=clusters,
            replicates=None if redrawn is None else redrawn[:, others] - redrawn[:, [base]],
        )


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


def _rows(pairs: _Pairs, methods: Sequence[str], drawing: _Drawing) -> list[dict[str, object]]:
    e, baseline, seed = pairs.errors, pairs.baseline, drawing.seed
    by_country = pairs.bootstrap(drawing, None)
    by_zone = pairs.bootstrap(drawing, pairs.zones)
    rows: list[dict[str, object]] = []
    p_values: list[float] = []
    for place, i in enumerate(pairs.others):
        difference = e[i] - e[baseline]
        countries, units = unit_means(difference), unit_means(difference, list(pairs.zones))
        several, zoned = countries.size > 1, units.size > 1
        low, high = _ends(by_country, place, several or pairs.lone)
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


def _ends(result: BootstrapResult, place: int, possible: bool) -> tuple[float, float]:
    if not possible:
        return float("nan"), float("nan")
    return float(result.lower[place]), float(result.upper[place])


def _mean(values: Array) -> float:
    return float(values.mean()) if values.size else float("nan")
