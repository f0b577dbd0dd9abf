"""Between countries, and the spread of answers: whether predictions differ as people do."""

from collections.abc import Iterator, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from value_personas.experiments.evaluation.measures import Row, measure_row
from value_personas.experiments.inference import (
    clustered_means,
    clustered_ratios,
    interval_by_leaving_out,
    units_of,
    zones_of,
)
from value_personas.signatures import Array, mean_of_known


def between_rows(
    human: Array, predicted: Mapping[str, Array], countries: Sequence[str], *, level: float
) -> Iterator[Row]:
    """Whether predicted countries differ as people's do, in slope, spread and order.

    Args:
        human: shape (C, M), means as shares of the scale; NaN where undefined.
        predicted: method → the same.
        countries: the C codes.
        level: of the intervals, by leaving out countries or zones and questions in turn.
    """
    units = units_of(list(zones_of(countries).values()))
    for method, means in predicted.items():
        known = ~(np.isnan(human) | np.isnan(means))
        if len(countries) < 3 or known.any(axis=1).sum() < 3:
            continue
        h, p = (_deviations(np.where(known, side, np.nan)) for side in (human, means))
        slope = clustered_ratios((h * p)[None], h * h, units, level=level)
        yield _of(method, "adaptability_slope", slope, 0)
        spread = clustered_ratios((p * p)[None], h * h, units, level=level)
        ends = np.sqrt(np.maximum([spread.point[0], spread.lower[0], spread.upper[0]], 0.0))
        point, *rest = ends.tolist()
        yield measure_row(method, "adaptability_spread", point, (rest[0], rest[1]), int(spread.cells[0]))
        yield _ranked(method, np.where(known, human, np.nan), np.where(known, means, np.nan), units, level)


def _of(method: str, measure: str, found: object, place: int) -> Row:
    point, lower, upper, cells = (
        getattr(found, name)[place] for name in ("point", "lower", "upper", "cells")
    )
    return measure_row(method, measure, float(point), (float(lower), float(upper)), int(cells))


def _deviations(means: Array) -> Array:
    """From each question's mean over countries."""
    known = ~np.isnan(means)
    n = known.sum(axis=0)
    centre = np.divide(np.where(known, means, 0.0).sum(axis=0), n, out=np.full(len(n), np.nan), where=n > 1)
    return np.asarray(means - centre)


def distance_rank(human: Array, predicted: Array) -> float:
    """Spearman's correlation, over pairs of countries, of their distances among people and as predicted.

    A distance is the mean absolute difference of two countries' means over questions that both answered.
    """
    i, j = np.triu_indices(len(human), 1)
    sides = [mean_of_known(np.abs(side[i] - side[j]), axis=-1) for side in (human, predicted)]
    known = ~(np.isnan(sides[0]) | np.isnan(sides[1]))
    if known.sum() < 3:
        return float("nan")
    a, b = (_ranks(side[known]) for side in sides)
    if not (a.std() > 0.0 and b.std() > 0.0):
        return float("nan")
    return float(np.corrcoef(a, b)[0, 1])


def _ranks(values: Array) -> Array:
    """Ranks, of equal values their mean."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    return np.asarray((ends - (counts - 1) / 2.0)[inverse])


def _ranked(method: str, human: Array, predicted: Array, units: Sequence[str], level: float) -> Row:
    """The rank correlation; its error by leaving out units, and questions, in turn."""
    point = distance_rank(human, predicted)
    names = list(units)
    kept = [np.array([n != one for n in names]) for one in dict.fromkeys(names)]
    by_unit = [distance_rank(human[k], predicted[k]) for k in kept]
    q = range(human.shape[1])
    each = [distance_rank(np.delete(human, m, axis=1), np.delete(predicted, m, axis=1)) for m in q]
    interval = interval_by_leaving_out(point, by_unit, each, level=level)
    return measure_row(method, "distance_rank", point, interval, int((~np.isnan(human)).sum()))


def entropies(p: Array) -> Array:
    """Shannon's entropy over the last axis, in nats; NaN throughout a cell that is not known."""
    with np.errstate(divide="ignore", invalid="ignore"):
        terms = np.where(p > 0.0, -p * np.log(p), 0.0)
    return np.asarray(np.where(np.isnan(p).all(axis=-1), np.nan, terms.sum(axis=-1)))


def collapse_rows(
    human: Array,
    predicted: Mapping[str, Array],
    replicates: Mapping[str, Array],
    ratios: Mapping[str, Array],
    one_option: Mapping[str, Array],
    where: NDArray[np.bool_],
    countries: Sequence[str],
    *,
    level: float,
) -> Iterator[Row]:
    """Whether answers fall together into few.

    Args:
        human: shape (C, M, K).
        predicted: method → the same.
        replicates: method → shape (R, C, M, K), after personas were drawn anew; methods without are left out.
        ratios: method → shape (C, M), variance ratios.
        one_option: method → shape (C, M), the weighted share of personas with more than .95 on one option.
        where: shape (C, M), the cells that count.
        countries: the C codes.
        level: of the intervals, 0–1.
    """
    units = units_of(list(zones_of(countries).values()))
    of_people = np.where(where, entropies(human), np.nan)

    def share(values: Array) -> object:
        return clustered_means(np.where(where, values, np.nan)[None], units, level=level)

    for method, p in predicted.items():
        drawn = replicates.get(method)
        found = clustered_ratios(
            np.where(where, entropies(p), np.nan)[None],
            of_people,
            units,
            level=level,
            replicates=None if drawn is None else np.where(where, entropies(drawn), np.nan)[:, None],
        )
        yield _of(method, "entropy_ratio", found, 0)
        at_nought = np.where(np.isnan(ratios[method]), np.nan, (ratios[method] <= 1e-12).astype(np.float64))
        yield _of(method, "cells_at_0", share(at_nought), 0)
        if method in one_option:
            yield _of(method, "one_option", share(one_option[method]), 0)
