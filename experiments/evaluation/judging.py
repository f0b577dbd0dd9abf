"""Predictions against the human answers: scores a cell, means with intervals, and the human noise floor."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.experiments.evaluation.between import between_rows, collapse_rows
from value_personas.experiments.evaluation.cells import cell_rows, option_rows
from value_personas.experiments.evaluation.human import HumanAnswers, share_of_scale, variance_of_share
from value_personas.experiments.evaluation.means import HeldOut
from value_personas.experiments.evaluation.measures import coverage_rows, measure_table, null_rows, worth_rows
from value_personas.experiments.evaluation.predicting import Method
from value_personas.experiments.evaluation.prediction_intervals import PredictionErrors
from value_personas.experiments.inference import summarise
from value_personas.experiments.scoring import SCORES, headline_scores, score_array
from value_personas.signatures import Array, Question


@dataclass(frozen=True, slots=True)
class Judgement:
    """How well each method predicted.

    Attributes:
        cells: one row for each method × country × question.
        estimates: one row for each method × country × question × option.
        measures: one row for each method × measure of ``MEASURES``.
        summary: one row for each method × headline score, with its interval.
        nulls: the same of what knows nothing, on the same cells.
        floor: headline score → mean over cells of the human noise floor.
        human: what people answered.
        null_errors: null → headline score → shape (C, M), on the cells of ``errors``.
        errors: method → score → shape (C, M), on the cells that all ranked methods have; NaN elsewhere, and
            everywhere for a method that is not ranked.
        drawn: headline score → shape (R, methods, C, M), the errors after personas were drawn anew; None
            where they were not.
        batteries: each of M questions' battery, its own code where it has none.
        unranked: methods with under half of the cells, which no table ranks → how many they have.
        held_out: summary and floor of held-out cells alone; None where nothing was tuned or fitted,
            or where none is held-out.
    """

    cells: pd.DataFrame
    estimates: pd.DataFrame
    measures: pd.DataFrame
    summary: pd.DataFrame
    nulls: pd.DataFrame
    floor: pd.Series
    human: HumanAnswers
    errors: Mapping[str, Mapping[str, Array]]
    null_errors: Mapping[str, Mapping[str, Array]]
    drawn: Mapping[str, Array] | None
    batteries: tuple[str, ...]
    unranked: Mapping[str, int]
    held_out: HeldOut | None = None


def judge(
    human: HumanAnswers,
    methods: Sequence[Method],
    level: float,
    *,
    prediction_level: float = 0.9,
    source: PredictionErrors | None = None,
    nulls: Mapping[str, Array] | None = None,
) -> Judgement:
    """Score every method on every cell that has human answers.

    Args:
        human: of the countries and questions that the methods predict, in their order.
        methods: what is judged.
        level: of the intervals of means over cells.
        prediction_level: of the intervals of single predictions.
        source: the errors that these are made of; those of the methods themselves when absent.
        nulls: what knows nothing → what it predicts, shape (C, M, K); none of it takes a cell from the
            methods.
    """
    first = methods[0].estimate
    codes = tuple(question.code for question in first.questions)
    scores = {
        method.name: score_array(human.probabilities, method.estimate.probabilities, _scales(first.questions))
        for method in methods
    }
    own = _prediction_errors(human, methods, first.countries, codes)
    half_widths = {
        m.name: (source or own).half_widths(m.name, first.countries, codes, prediction_level) for m in methods
    }
    cells = pd.concat(
        [cell_rows(m, scores[m.name], human, half_widths[m.name].mean) for m in methods], ignore_index=True
    )
    estimates = pd.concat([option_rows(m, human, half_widths[m.name]) for m in methods], ignore_index=True)
    shared, unranked = _shared_cells(scores, human.asked)
    errors = {
        name: {s: np.where(shared & (name not in unranked), v, np.nan) for s, v in by_score.items()}
        for name, by_score in scores.items()
    }
    drawn = _persona_draws(human.probabilities, methods)
    rows = shared if shared.any() else np.ones_like(shared)  # where nothing is estimated, the table says so
    summarised = partial(_summary, level, first.countries, errors, drawn)
    held_out = _held_out(methods, human, shared, summarised)
    null_errors = _errors_of(nulls or {}, human, first.questions, shared)
    measured = (
        coverage_rows(
            source or own,
            own,
            {name: half.mean for name, half in half_widths.items()},
            level=prediction_level,
            of_means=level,
        ),
        *_measured(methods, human, shared, errors, null_errors, drawn, level),
    )
    return Judgement(
        cells,
        estimates,
        measure_table([row for rows in measured for row in rows]),
        summarised(rows),
        _summary(level, first.countries, null_errors, None, rows) if null_errors else pd.DataFrame(),
        _floor(human, shared),
        human,
        errors,
        null_errors,
        drawn,
        tuple(question.battery or question.code for question in first.questions),
        unranked,
        held_out,
    )


def _errors_of(
    predicted: Mapping[str, Array],
    human: HumanAnswers,
    questions: Sequence[Question],
    shared: NDArray[np.bool_],
) -> dict[str, dict[str, Array]]:
    """Name → headline score → shape (C, M), NaN beyond the shared cells."""
    scored = {
        n: score_array(human.probabilities, p, _scales(questions), headline_scores())
        for n, p in predicted.items()
    }
    return {
        n: {s: np.where(shared, v, np.nan) for s, v in by_score.items()} for n, by_score in scored.items()
    }


def _measured(
    methods: Sequence[Method],
    human: HumanAnswers,
    shared: NDArray[np.bool_],
    errors: Mapping[str, Mapping[str, Array]],
    null_errors: Mapping[str, Mapping[str, Array]],
    drawn: Mapping[str, Array] | None,
    level: float,
) -> Iterator[Iterator[dict[str, object]]]:
    """What is said of methods beside their scores, on the shared cells."""
    first = methods[0].estimate
    yield worth_rows(
        {name: by_score["normalised_mae"] for name, by_score in errors.items()},
        variance_of_share(human.probabilities, first.questions),
        human.effective,
        first.countries,
        level=level,
        drawn=None if drawn is None else drawn["normalised_mae"],
    )
    yield null_rows(errors, null_errors, first.countries, level=level, drawn=drawn)
    yield between_rows(
        np.where(shared, share_of_scale(human.probabilities, first.questions), np.nan),
        {m.name: share_of_scale(m.estimate.probabilities, first.questions) for m in methods},
        first.countries,
        level=level,
    )
    yield collapse_rows(
        human.probabilities,
        {m.name: m.estimate.probabilities for m in methods},
        {m.name: m.replicates for m in methods if m.replicates is not None},
        {name: by_score["variance_ratio"] for name, by_score in errors.items()},
        {m.name: m.one_option for m in methods if m.one_option is not None},
        shared,
        first.countries,
        level=level,
    )


def _prediction_errors(
    human: HumanAnswers, methods: Sequence[Method], countries: tuple[str, ...], questions: tuple[str, ...]
) -> PredictionErrors:
    """How far every method is off where it was fitted on nothing."""
    asked = methods[0].estimate.questions
    means = share_of_scale(human.probabilities, asked)
    off, worst = {}, {}
    for method in methods:
        p, seen = method.estimate.probabilities, method.fitted != "no"
        off[method.name] = np.where(seen, np.nan, np.abs(share_of_scale(p, asked) - means))
        away = np.abs(p - human.probabilities)
        largest = np.where(np.isnan(away), -np.inf, away).max(axis=2)
        worst[method.name] = np.where(seen | ~np.isfinite(largest), np.nan, largest)
    return PredictionErrors(countries, questions, off, worst)


def _shared_cells(
    scores: Mapping[str, Mapping[str, Array]], asked: NDArray[np.bool_]
) -> tuple[NDArray[np.bool_], Mapping[str, int]]:
    """The cells that every ranked method has, shape (C, M), and the methods with too few: name → their cells.

    A method whose hard cells fell out would look best on what is left to it.
    """
    known = {name: asked & ~np.isnan(by_score["normalised_mae"]) for name, by_score in scores.items()}
    unranked = {name: int(has.sum()) for name, has in known.items() if 2 * has.sum() < asked.sum()}
    ranked = [has for name, has in known.items() if name not in unranked]
    return np.logical_and.reduce(ranked) if ranked else np.zeros_like(asked), unranked


def _held_out(
    methods: Sequence[Method],
    human: HumanAnswers,
    shared: NDArray[np.bool_],
    summarise: Callable[[NDArray[np.bool_]], pd.DataFrame],
) -> HeldOut | None:
    """A country or question that is seen makes its whole row or column in-sample: what is left is a block."""
    fitted = np.stack([method.fitted for method in methods])
    left = (fitted == "no").all(axis=0)
    if left.all() or not (left & shared).any():
        return None
    countries, questions = left.any(axis=1).sum(), left.any(axis=0).sum()
    return HeldOut(
        summary=summarise(left),
        floor=_floor(human, left & shared),
        countries=int(countries),
        questions=int(questions),
    )


def _floor(human: HumanAnswers, where: NDArray[np.bool_]) -> "pd.Series[float]":
    return pd.Series({name: SCORES[name].average(floor[where]) for name, floor in human.floor.items()})


def _scales(questions: Sequence[Question]) -> list[Array]:
    return [question.scale.values for question in questions]


def _persona_draws(human: Array, methods: Sequence[Method]) -> Mapping[str, Array] | None:
    """Score → shape (R, methods, C, M): the errors after personas were drawn anew; None without draws.

    A method without personas has the same error in every draw.
    """
    draws = next((len(m.replicates) for m in methods if m.replicates is not None), 0)
    if not draws:
        return None
    scales = _scales(methods[0].estimate.questions)
    by_method = []
    for method in methods:
        drawn = method.replicates if method.replicates is not None else method.estimate.probabilities[None]
        scores = score_array(human, drawn, scales, headline_scores())
        by_method.append({n: np.broadcast_to(v, (draws, *v.shape[1:])) for n, v in scores.items()})
    return {name: np.stack([scores[name] for scores in by_method], axis=1) for name in by_method[0]}


def _summary(
    level: float,
    countries: Sequence[str],
    scores: Mapping[str, Mapping[str, Array]],
    persona_draws: Mapping[str, Array] | None,
    where: NDArray[np.bool_],
) -> pd.DataFrame:
    """Each method's mean over a block of cells; its interval is over countries, questions and personas."""
    there = np.flatnonzero(where.any(axis=1))
    rows, columns = np.ix_(there, np.flatnonzero(where.any(axis=0)))
    return summarise(
        {
            m: {name: by_name[name][rows, columns] for name in headline_scores()}
            for m, by_name in scores.items()
        },
        [countries[c] for c in there.tolist()],
        level=level,
        redrawn=persona_draws and {name: v[..., rows, columns] for name, v in persona_draws.items()},
    )
