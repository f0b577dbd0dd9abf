"""How many personas and countries a given interval needs, and what they cost."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from itertools import product

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy.special import stdtrit

from value_personas.signatures import Array, StatisticsError

_NEAR = 1.1
"""An interval so many times as wide as with endless personas is near enough to it."""


@dataclass(frozen=True, slots=True)
class VarianceParts:
    """Where the variance of a cell's error (or of a difference of errors) comes from.

    Attributes:
        country: between countries.
        question: between questions.
        cell: what countries and questions do not explain, apart from the personas' sampling.
        persona: of one persona, question by question; its share of a cell from N personas is this over N.
        shared: of one persona, alike in all questions of its country: more questions do not
            average it out.
    """

    country: float
    question: float
    cell: float
    persona: float
    shared: float = 0.0

    def __post_init__(self) -> None:
        if any(not value >= 0.0 for value in asdict(self).values()):
            raise StatisticsError(f"variances must be ≥ 0, got {self}")


@dataclass(frozen=True, slots=True)
class Price:
    """What one question to one persona costs.

    Attributes:
        calls: requests an answer: option orders × sampled answers.
        input_tokens: of one request.
        output_tokens: of one reply.
        input_price: of a million input tokens.
        output_price: of a million output tokens.
    """

    calls: float = 1.0
    input_tokens: float = 400.0
    output_tokens: float = 1.0
    input_price: float = 0.0
    output_price: float = 0.0

    @property
    def of_one_answer(self) -> float:
        """In the prices' currency."""
        tokens = self.input_tokens * self.input_price + self.output_tokens * self.output_price
        return self.calls * tokens / 1e6


def half_width(
    parts: VarianceParts, countries: int, questions: int, personas: int, level: float = 0.95
) -> float:
    """Half the width of the interval for a mean over countries × questions.

    t · √(σ²_c/C + σ²_q/M + σ²_s/(C·N) + (σ²_cq + σ²_p/N)/(C·M)): the standard error of a mean with crossed
    random effects, and Student's t with min(C, M) − 1 degrees of freedom. Personas shrink the last two terms
    only; countries and questions are what intervals hang on.
    """
    if min(countries, questions, personas) < 1:
        raise StatisticsError(
            f"a design needs at least one of each, got {countries=} {questions=} {personas=}"
        )
    cell = (parts.cell + parts.persona / personas) / (countries * questions)
    variance = parts.country / countries + parts.question / questions + cell
    variance += parts.shared / (countries * personas)
    return float(_t(countries, questions, level) * np.sqrt(variance))


def _t(countries: int, questions: int, level: float) -> float:
    """The quantile by which a standard error becomes half an interval; one unit alone says nothing."""
    fewest = min(countries, questions)
    return float(stdtrit(fewest - 1, (1 + level) / 2)) if fewest > 1 else float("inf")


def variance_shares(parts: VarianceParts, countries: int, questions: int, personas: int) -> dict[str, float]:
    """What of the variance of a mean comes from countries, questions, their cells and personas; sums to 1."""
    cells = countries * questions
    found = {
        "countries": parts.country / countries,
        "questions": parts.question / questions,
        "cells": parts.cell / cells,
        "personas": (parts.persona / questions + parts.shared) / (countries * personas),
    }
    whole = sum(found.values())
    return {name: value / whole if whole else 0.0 for name, value in found.items()}


def needed_personas(
    parts: VarianceParts, countries: int, questions: int, width: float, level: float = 0.95
) -> int | None:
    """The fewest personas a country for an interval of ± width; None where no number of them suffices."""
    if not width > 0.0:
        raise StatisticsError(f"an interval's half width must be above 0, got {width}")
    allowed = (width / _t(countries, questions, level)) ** 2
    left = allowed - parts.country / countries - parts.question / questions
    left -= parts.cell / (countries * questions)
    if left <= 0.0:
        return None
    of_one = parts.persona / (countries * questions) + parts.shared / countries
    return max(1, int(np.ceil(of_one / left * (1 - 1e-12))))


def pilot_parts(errors: ArrayLike, replicates: ArrayLike | None = None, personas: int = 1) -> VarianceParts:
    """Estimate the parts from a pilot, by the expected mean squares of the two-way layout.

    Args:
        errors: shape (C, M), one method's errors, or the differences of two; NaN where undefined. Rows and
            columns with gaps are left out, for the layout must be complete.
        replicates: shape (R, C, M), the same errors after personas were drawn anew; they tell the personas'
            share of the cell variance. Without them it is 0 and stays in ``cell``. NaN where too many answers
            of those drawn are missing; such draws are left out.
        personas: how many the pilot asked a country.

    Raises:
        StatisticsError: when fewer than two complete countries or questions remain, or no cell keeps an
            error when personas are drawn anew.
    """
    e = np.asarray(errors, dtype=np.float64)
    if e.ndim != 2:
        raise StatisticsError(f"a pilot's errors must have shape (countries, questions), got {e.shape}")
    columns = ~np.isnan(e).any(axis=0) if (~np.isnan(e).any(axis=0)).sum() >= 2 else np.ones(e.shape[1], bool)
    rows = ~np.isnan(e[:, columns]).any(axis=1)
    full = e[rows][:, columns]
    c, m = full.shape
    if c < 2 or m < 2:
        raise StatisticsError("a pilot needs two countries and two questions without gaps")
    centre = full.mean()
    by_country, by_question = full.mean(axis=1), full.mean(axis=0)
    residual = full - by_country[:, None] - by_question + centre
    square = float((residual**2).sum() / ((c - 1) * (m - 1)))
    own, shared = 0.0, 0.0
    if replicates is not None:
        drawn = np.asarray(replicates, dtype=np.float64)[:, rows][:, :, columns]
        own, shared = _sampling(drawn)
    country = max(0.0, float(by_country.var(ddof=1)) - square / m - shared)
    question = max(0.0, float(by_question.var(ddof=1)) - square / c)
    return VarianceParts(country, question, max(0.0, square - own), own * personas, shared * personas)


def _sampling(drawn: Array) -> tuple[float, float]:
    """What sampling personas adds to a cell by itself, and to all cells of a country alike.

    A country's mean over M questions varies by shared + own/M, a cell by shared + own.
    """
    told = np.isfinite(drawn).sum(axis=0) > 1
    if not told.any():
        raise StatisticsError(
            "the pilot is too small: drawn anew, its personas leave too many answers missing in every cell; "
            "run it with more personas (profiles.n) or questions, or state --variances"
        )
    m = drawn.shape[2]
    of_cell = float(np.nanvar(drawn[:, told], axis=0, ddof=1).mean())
    whole = told.all(axis=1)
    means = np.nanmean(drawn[:, whole], axis=2) if whole.any() else np.zeros((len(drawn), 1))
    of_mean = float(means.var(axis=0, ddof=1).mean())
    shared = min(of_cell, max(0.0, (of_mean - of_cell / m) * m / (m - 1)))
    return of_cell - shared, shared


def plan_table(
    parts: VarianceParts,
    countries: Sequence[int],
    questions: Sequence[int],
    width: float | None,
    *,
    kinds: int = 1,
    price: Price | None = None,
) -> pd.DataFrame:
    """What a 95 % interval of ± width takes, for several numbers of countries and of questions.

    Args:
        parts: from a pilot, or stated.
        countries: numbers to consider.
        questions: numbers of target questions to consider.
        width: the half width wanted; when absent, of each design a tenth above what it reaches with endless
            personas: from there on more of them hardly tell.
        kinds: persona kinds that are asked the same.
        price: of one answer; free when absent.

    Returns:
        Columns countries, questions, personas (missing where no number suffices), half_width reached, one
        (the half width with one persona a country), floor (with infinitely many), calls and cost.
    """
    price = price or Price()
    rows = []
    for m, c in product(questions, countries):
        floor = half_width(parts, c, m, 10**12)
        n = needed_personas(parts, c, m, _NEAR * floor if width is None else width)
        answers = float("nan") if n is None else float(kinds * c * m * n)
        rows.append(
            {
                "countries": c,
                "questions": m,
                "personas": n,
                "half_width": float("nan") if n is None else half_width(parts, c, m, n),
                "one": half_width(parts, c, m, 1),
                "floor": floor,
                "calls": answers * price.calls,
                "cost": answers * price.of_one_answer,
            }
        )
    frame = pd.DataFrame(rows)
    return frame.astype({"personas": "Int64"})
