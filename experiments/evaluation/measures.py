"""What is measured of each method beside its scores: intervals of predictions, and what they are worth."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from value_personas.experiments.evaluation.prediction_intervals import PredictionErrors
from value_personas.experiments.inference import (
    clustered_means,
    clustered_ratios,
    conformal_half_widths,
    units_of,
    zones_of,
)
from value_personas.experiments.scoring import SCORES
from value_personas.signatures import Array

Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Measure:
    """A measure of a method over cells.

    Attributes:
        heading: its name for people.
        meaning: one sentence for a glossary.
        possible: between which values it lies: no interval goes beyond.
    """

    heading: str
    meaning: str
    possible: tuple[float, float] = (-np.inf, np.inf)

    def cut(self, lower: float, upper: float) -> tuple[float, float]:
        """The ends of an interval within what is possible: a truth that lies there is held as often."""
        least, most = np.clip([lower, upper], *self.possible).tolist()
        return least, most


MEASURES: Mapping[str, Measure] = {
    "half_width": Measure(
        "a mean within ±",
        "Half the interval of a predicted mean, as a share of the scale: so far off were as many of the "
        "cells that share neither country nor question with it as the interval’s level says "
        "(split-conformal).",
        possible=(0.0, np.inf),
    ),
    "coverage": Measure(
        "holds",
        "The share of cells whose human mean lies in the interval of its prediction.",
        possible=(0.0, 1.0),
    ),
    "coverage_new_country": Measure(
        "for a new country",
        "The same where intervals are made of other countries’ cells, of all questions.",
        possible=(0.0, 1.0),
    ),
    "coverage_new_question": Measure(
        "for a new question",
        "The same where intervals are made of other questions’ cells, of all countries.",
        possible=(0.0, 1.0),
    ),
    "coverage_least": Measure("in the worst country", "The same in the country where it holds least."),
    "coverage_most": Measure("in the best country", "The same in the country where it holds most."),
    "entropy_ratio": Measure(
        "entropy ratio",
        "The entropy of predicted distributions by people’s, summed over cells; below 1 they collapse.",
        possible=(0.0, np.inf),
    ),
    "cells_at_0": Measure(
        "cells at 0",
        "The share of cells in which everybody is predicted to answer alike.",
        possible=(0.0, 1.0),
    ),
    "one_option": Measure(
        "on one option",
        "The share of personas that put more than .95 on one option, before any calibration.",
        possible=(0.0, 1.0),
    ),
    "adaptability_slope": Measure(
        "adaptability, slope",
        "How far predicted means move with people’s from country to country: Σhp / Σh² of deviations from "
        "each question’s mean over countries; 1 where they move as far.",
    ),
    "adaptability_spread": Measure(
        "adaptability, spread",
        "How far predicted countries lie apart, by how far people’s do: √(Σp² / Σh²).",
        possible=(0.0, np.inf),
    ),
    "distance_rank": Measure(
        "distances, rank r",
        "Spearman’s correlation, over pairs of countries, of their distances among people and as predicted.",
        possible=(-1.0, 1.0),
    ),
    "beyond_noise": Measure(
        "error beyond noise",
        "The error of means without the human sample’s own noise, √max(mean(b² − σ²/n), 0); error less "
        "noise floor is no such thing, for errors do not add up, their squares do.",
        possible=(0.0, 1.0),
    ),
    "over_uniform": Measure(
        "Wasserstein less uniform’s",
        "The Wasserstein distance less that of every option alike, cell by cell; a method whose interval "
        "does not lie below 0 is not shown to be better than knowing nothing at all.",
        possible=(-1.0, 1.0),
    ),
    "worth_in_people": Measure(
        "worth in people",
        "How many respondents drawn at random would estimate means as well: Σσ² / Σ(b² − σ²/n) over cells, "
        "with the variance σ² of people’s answers, the error b of the predicted mean and the effective size "
        "n of the sample that it is held against (after arXiv 2502.17773).",
    ),
}
"""Name → measure, in the order of tables."""

AGAINST_NULL = "wasserstein"
"""The score by which a method is held against what knows nothing: ordinal, and of whole distributions."""


def worth_rows(
    errors: Mapping[str, Array],
    variance: Array,
    sizes: Array,
    countries: Sequence[str],
    *,
    level: float,
    drawn: Array | None,
) -> Iterator[Row]:
    """Each method's worth in people, κ = Σσ² / Σ(b² − σ²/n).

    Args:
        errors: method → shape (C, M), |b| as a share of the scale; NaN where undefined.
        variance: shape (C, M), of people's answers, in shares of the scale².
        sizes: shape (C, M), effective sizes of the human samples.
        countries: the C codes.
        level: of the intervals, 0–1.
        drawn: shape (R, methods, C, M), errors after personas were drawn anew.

    Yields:
        Rows of a measure. A method that is not told apart from the survey itself has no worth (NaN), and one
        that cannot be told from it an upper end of infinity.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        noise = np.where(sizes > 0, variance / sizes, np.nan)
    found = clustered_ratios(
        np.stack(list(errors.values())) ** 2 - noise,
        variance,
        units_of(list(zones_of(countries).values())),
        level=level,
        replicates=None if drawn is None else drawn**2 - noise,
    )
    squares = clustered_means(
        np.stack(list(errors.values())) ** 2 - noise,
        units_of(list(zones_of(countries).values())),
        level=level,
        replicates=None if drawn is None else drawn**2 - noise,
    )
    for place, method in enumerate(errors):
        root, *roots = (
            float(np.sqrt(np.maximum(v[place], 0.0))) for v in (squares.point, squares.lower, squares.upper)
        )
        yield measure_row(method, "beyond_noise", root, (roots[0], roots[1]), int(squares.cells[place]))
        share, lower, upper = (float(v[place]) for v in (found.point, found.lower, found.upper))
        known = share > 0.0
        ends = (
            (1.0 / upper, 1.0 / lower if lower > 0.0 else np.inf) if known and upper > 0 else (np.nan, np.nan)
        )
        yield measure_row(
            method, "worth_in_people", 1.0 / share if known else np.nan, ends, int(found.cells[place])
        )


def coverage_rows(
    source: PredictionErrors,
    own: PredictionErrors,
    half_widths: Mapping[str, Array],
    *,
    level: float,
    of_means: float,
) -> Iterator[Row]:
    """How wide each method's intervals are, and how often they hold.

    Args:
        source: the errors that intervals were made of.
        own: the errors of the predictions that they are of.
        half_widths: method → shape (C, M), of the predicted means.
        level: of the intervals of predictions, 0–1.
        of_means: of the intervals of these shares.
    """
    units = units_of(list(zones_of(own.countries).values()))
    for method, half in half_widths.items():
        known = half[~np.isnan(half)]
        yield measure_row(
            method, "half_width", float(known.mean()) if known.size else np.nan, cells=known.size
        )
        off = own.means.get(method, np.full(half.shape, np.nan))
        held = _held(off, half)
        if np.isnan(held).all():
            continue
        yield _meanmeasure_row(method, "coverage", held, units, of_means)
        if source is own:
            for name, new in (
                ("coverage_new_country", (True, False)),
                ("coverage_new_question", (False, True)),
            ):
                wide = conformal_half_widths(off, own.countries, own.questions, level=level, new=new)
                if not np.isnan(one := _held(off, wide)).all():
                    yield _meanmeasure_row(method, name, one, units, of_means)
        asked = held[~np.isnan(held).all(axis=1)]
        by_country = np.nanmean(asked, axis=1)
        yield measure_row(method, "coverage_least", float(by_country.min()), cells=asked.shape[1])
        yield measure_row(method, "coverage_most", float(by_country.max()), cells=asked.shape[1])


def null_rows(
    errors: Mapping[str, Mapping[str, Array]],
    nulls: Mapping[str, Mapping[str, Array]],
    countries: Sequence[str],
    *,
    level: float,
    drawn: Mapping[str, Array] | None,
) -> Iterator[Row]:
    """Each method's Wasserstein distance less uniform's.

    Args:
        errors: method → score → shape (C, M), NaN where undefined.
        nulls: the same of what knows nothing; nothing is said without ``uniform``.
        countries: the C codes.
        level: of the intervals, 0–1.
        drawn: score → shape (R, methods, C, M), errors after personas were drawn anew.
    """
    if "uniform" not in nulls:
        return
    even = nulls["uniform"][AGAINST_NULL]
    found = clustered_means(
        np.stack([by_score[AGAINST_NULL] for by_score in errors.values()]) - even,
        units_of(list(zones_of(countries).values())),
        level=level,
        replicates=None if drawn is None else drawn[AGAINST_NULL] - even,
    )
    for place, method in enumerate(errors):
        ends = float(found.lower[place]), float(found.upper[place])
        yield measure_row(method, "over_uniform", float(found.point[place]), ends, int(found.cells[place]))


def null_means(errors: Mapping[str, Mapping[str, Array]]) -> pd.DataFrame:
    """Each null's mean scores: the columns method, score and mean.

    Args:
        errors: null → score → shape (C, M), NaN where it does not count.
    """
    rows = [
        {"method": null, "score": name, "mean": SCORES[name].average(values)}
        for null, by_score in errors.items()
        for name, values in by_score.items()
    ]
    return pd.DataFrame(rows, columns=["method", "score", "mean"])


def not_above_nothing(measures: pd.DataFrame) -> list[str]:
    """The methods that are not shown to be better than every option alike, in the order of the table."""
    rows = measures[measures["measure"] == "over_uniform"]
    # Where there is no interval, as of one cell, the point alone decides.
    end = rows["upper"].fillna(rows["estimate"])
    return [str(method) for method in rows.loc[end >= 0.0, "method"]]


def beside_nothing(names: Sequence[str]) -> list[str]:
    """A report's sentence on such methods; none where every one is better."""
    if not names:
        return []
    return [
        f"Not shown to be better than giving every option the same share (Wasserstein): {', '.join(names)}."
    ]


def _held(off: Array, half: Array) -> Array:
    """1 where an error is no larger than half the interval, 0 where it is; NaN where either is not known."""
    return np.where(np.isnan(off) | np.isnan(half), np.nan, (off <= half).astype(np.float64))


def _meanmeasure_row(method: str, name: str, values: Array, units: Sequence[str], level: float) -> Row:
    found = clustered_means(values[None], units, level=level)
    ends = float(found.lower[0]), float(found.upper[0])
    return measure_row(method, name, float(found.point[0]), ends, int(found.cells[0]))


def measure_row(
    method: str, measure: str, estimate: float, ends: tuple[float, float] = (np.nan, np.nan), cells: int = 0
) -> Row:
    """A row of the table of measures; its interval within what the measure can be."""
    lower, upper = MEASURES[measure].cut(*ends)
    return {
        "method": method,
        "measure": measure,
        "estimate": estimate,
        "lower": lower,
        "upper": upper,
        "cells": cells,
    }


def measure_table(rows: Iterator[Row] | Sequence[Row]) -> pd.DataFrame:
    """Rows of measures as one table, methods in the order in which they come first."""
    table = pd.DataFrame(rows, columns=["method", "measure", "estimate", "lower", "upper", "cells"])
    order = {name: place for place, name in enumerate(MEASURES)}
    return table.sort_values("measure", key=lambda m: m.map(order), kind="stable", ignore_index=True)
