"""Predictions against the human answers: scores a cell, means with intervals, and the human noise floor."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Annotated, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field, PlainSerializer, PlainValidator, TypeAdapter

from value_personas import data
from value_personas.experiments.evaluation.between import between_rows, collapse_rows
from value_personas.experiments.evaluation.floors import Floors
from value_personas.experiments.evaluation.measures import coverage_rows, measure_table, null_rows, worth_rows
from value_personas.experiments.evaluation.predicting import Method
from value_personas.experiments.evaluation.prediction_intervals import HalfWidths, PredictionErrors
from value_personas.experiments.inference import summarise
from value_personas.experiments.scoring import SCORES, headline_scores, score_array
from value_personas.experiments.workspace.json_file import Figure, FileModel
from value_personas.signatures import Question

__all__ = ["HeldOut", "HumanAnswers", "Judgement", "Means", "Summary", "human_answers", "judge"]


class _SummaryRow(FileModel):
    """A method's mean score with its interval; 0.1.0 did not count the cells."""

    method: str
    score: str
    mean: Figure
    lower: Figure
    upper: Figure
    cells: int | None = Field(default=None, exclude_if=lambda cells: cells is None)


def _summary_table(rows: Any) -> pd.DataFrame:
    if isinstance(rows, pd.DataFrame):
        return rows
    return pd.DataFrame([row.model_dump() for row in TypeAdapter(list[_SummaryRow]).validate_python(rows)])


def _summary_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    rows = [_SummaryRow.model_validate(row) for row in table.to_dict("records")]
    return [row.model_dump(mode="json") for row in rows]


def _floor_series(figures: Any) -> "pd.Series[float]":
    if isinstance(figures, pd.Series):
        return figures
    return pd.Series(TypeAdapter(dict[str, Figure]).validate_python(figures), dtype=float)


def _floor_figures(floor: "pd.Series[float]") -> dict[str, float | None]:
    return {str(name): float(value) if np.isfinite(value) else None for name, value in floor.items()}


Summary = Annotated[pd.DataFrame, PlainValidator(_summary_table), PlainSerializer(_summary_rows)]
"""A method's mean scores with their intervals, a row each; in a file the same rows."""


class Means(FileModel):
    """Means over a block of cells; in a file the tables are rows and figures.

    Attributes:
        summary: one row for each method × headline score, with its interval.
        floor: headline score → the human sample's own error.
    """

    summary: Summary
    floor: Annotated[pd.Series, PlainValidator(_floor_series), PlainSerializer(_floor_figures)]


class HeldOut(Means):
    """The methods on cells whose country and question had no part in a tuning or in the fit of a calibration.

    Attributes:
        summary: as of ``RunResult``, over these cells alone.
        floor: likewise.
        countries: C countries.
        questions: M questions; the cells are all C × M.
    """

    countries: int
    questions: int


Array = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class HumanAnswers:
    """The human distributions of C countries on M questions of at most K options.

    Attributes:
        probabilities: shape (C, M, K), weighted, missing answers excluded; NaN beyond a question's options
            and where a country was not asked.
        respondents: shape (C, M), valid answers; 0 where published shares do not tell.
        effective: shape (C, M), their effective number (``data.effective_answers``); NaN where not told.
        floor: score → shape (C, M): the expected score of one resample of the respondents against the
            sample itself, so that no prediction is read as better than the survey can tell.
    """

    probabilities: Array
    respondents: NDArray[np.int64]
    effective: Array
    floor: Mapping[str, Array]

    @property
    def asked(self) -> NDArray[np.bool_]:
        """Shape (C, M), whether there are answers; of published shares it may not be told how many."""
        return ~np.isnan(self.probabilities[..., 0])


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
        [_cell_rows(m, scores[m.name], human, half_widths[m.name].mean) for m in methods], ignore_index=True
    )
    estimates = pd.concat([_option_rows(m, human, half_widths[m.name]) for m in methods], ignore_index=True)
    shared, unranked = _shared_cells(scores, human.asked)
    errors = {
        name: {s: np.where(shared & (name not in unranked), v, np.nan) for s, v in by_score.items()}
        for name, by_score in scores.items()
    }
    drawn = _persona_draws(human.probabilities, methods)
    rows = shared if shared.any() else np.ones_like(shared)  # where nothing is estimated, the table says so
    summarised = partial(_summary, level, first.countries, errors, drawn)
    held_out = _held_out(methods, human, shared, summarised)
    null_errors = {
        name: {
            score: np.where(shared, values, np.nan)
            for score, values in score_array(
                human.probabilities, p, _scales(first.questions), headline_scores()
            ).items()
        }
        for name, p in (nulls or {}).items()
    }
    measured = (
        coverage_rows(
            source or own,
            own,
            {name: half.mean for name, half in half_widths.items()},
            level=prediction_level,
            of_means=level,
        ),
        worth_rows(
            {name: by_score["normalised_mae"] for name, by_score in errors.items()},
            _variance_of_share(human.probabilities, first.questions),
            human.effective,
            first.countries,
            level=level,
            drawn=None if drawn is None else drawn["normalised_mae"],
        ),
        null_rows(errors, null_errors, first.countries, level=level, drawn=drawn),
        between_rows(
            np.where(shared, _share_of_scale(human.probabilities, first.questions), np.nan),
            {m.name: _share_of_scale(m.estimate.probabilities, first.questions) for m in methods},
            first.countries,
            level=level,
        ),
        collapse_rows(
            human.probabilities,
            {m.name: m.estimate.probabilities for m in methods},
            {m.name: m.replicates for m in methods if m.replicates is not None},
            {name: by_score["variance_ratio"] for name, by_score in errors.items()},
            {m.name: m.one_option for m in methods if m.one_option is not None},
            shared,
            first.countries,
            level=level,
        ),
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


def _prediction_errors(
    human: HumanAnswers, methods: Sequence[Method], countries: tuple[str, ...], questions: tuple[str, ...]
) -> PredictionErrors:
    """How far every method is off where it was fitted on nothing."""
    asked = methods[0].estimate.questions
    means = _share_of_scale(human.probabilities, asked)
    off, worst = {}, {}
    for method in methods:
        p, seen = method.estimate.probabilities, method.fitted != "no"
        off[method.name] = np.where(seen, np.nan, np.abs(_share_of_scale(p, asked) - means))
        away = np.abs(p - human.probabilities)
        largest = np.where(np.isnan(away), -np.inf, away).max(axis=2)
        worst[method.name] = np.where(seen | ~np.isfinite(largest), np.nan, largest)
    return PredictionErrors(countries, questions, off, worst)


def _variance_of_share(p: Array, questions: Sequence[Question]) -> Array:
    """The variance of answers as shares of the scale, shape (C, M)."""
    variance = np.full(p.shape[:2], np.nan)
    for m, question in enumerate(questions):
        r = question.scale.values
        share = (r - r[0]) / (r[-1] - r[0])
        own = p[:, m, : len(r)]
        variance[:, m] = own @ share**2 - (own @ share) ** 2
    return variance


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


def human_answers(
    floors: Floors, survey: data.Survey, countries: Sequence[str], questions: Sequence[Question]
) -> HumanAnswers:
    """Collect the human side of every cell."""
    shape = (len(countries), len(questions))
    options = max(len(question.scale) for question in questions)
    p = np.full((*shape, options), np.nan)
    n = np.zeros(shape, dtype=np.int64)
    effective = np.zeros(shape)
    floor = {name: np.full(shape, np.nan) for name in headline_scores()}
    for c, country in enumerate(countries):
        for m, question in enumerate(questions):
            if not survey.has_answers(question.code, country):
                continue
            k = len(question.scale)
            positions, weights = survey.responses(question.code, country)
            n[c, m] = len(weights)
            points = survey.sampling_points(question.code, country)
            effective[c, m] = (
                data.effective_answers(positions, weights, question.scale.values, points)
                if n[c, m]
                else np.nan
            )
            p[c, m, :k] = survey.distribution(question.code, country)
            noise = floors.of(survey, country, question) if n[c, m] else {}
            for name, values in floor.items():
                values[c, m] = noise.get(name, np.nan)
    floors.keep()
    return HumanAnswers(p, n, effective, floor)


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


def _cell_rows(
    method: Method, scores: Mapping[str, Array], human: HumanAnswers, half_width: Array
) -> pd.DataFrame:
    estimate = method.estimate
    countries, questions = estimate.countries, estimate.questions
    human_share = _share_of_scale(human.probabilities, questions)
    predicted_share = _share_of_scale(estimate.probabilities, questions)
    columns: dict[str, object] = {
        "method": method.name,
        "calibrated": method.calibrated,
        "country": np.repeat(countries, len(questions)),
        "question": [q.code for q in questions] * len(countries),
        "topic": [q.topic for q in questions] * len(countries),
        "near": [q.near for q in questions] * len(countries),
        "options": [len(q.scale) for q in questions] * len(countries),
        "respondents": human.respondents.ravel(),
        "fitted": method.fitted.ravel(),
        "missing_share": estimate.missing_share.ravel(),
        "human_share": human_share.ravel(),
        "predicted_share": predicted_share.ravel(),
        "predicted_lower": np.clip(predicted_share - half_width, 0.0, 1.0).ravel(),
        "predicted_upper": np.clip(predicted_share + half_width, 0.0, 1.0).ravel(),
        "variance_within": estimate.variance_within.ravel(),
        "variance_between": estimate.variance_between.ravel(),
    }
    columns |= {name: values.ravel() for name, values in scores.items()}
    columns |= {f"floor_{name}": values.ravel() for name, values in human.floor.items()}
    return pd.DataFrame(columns)


def _option_rows(method: Method, human: HumanAnswers, half_widths: HalfWidths) -> pd.DataFrame:
    """One row for each country × question × option of it, in this order; an interval is for all options."""
    estimate = method.estimate
    scales = [question.scale for question in estimate.questions]
    lengths = [len(scale) for scale in scales]
    countries, asked = len(estimate.countries), np.repeat([q.code for q in estimate.questions], lengths)
    own = np.arange(human.probabilities.shape[2]) < np.array(lengths)[:, None]
    p, half = estimate.probabilities, half_widths.options[..., None]
    return pd.DataFrame(
        {
            "method": method.name,
            "country": np.repeat(np.array(estimate.countries, dtype=object), len(asked)),
            "question": np.tile(asked.astype(object), countries),
            "option": [label for scale in scales for label in scale.labels] * countries,
            "score": np.tile(np.concatenate([scale.scores for scale in scales]), countries),
            "human": human.probabilities[:, own].ravel(),
            "predicted": p[:, own].ravel(),
            "lower": np.clip(p - half, 0.0, 1.0)[:, own].ravel(),
            "upper": np.clip(p + half, 0.0, 1.0)[:, own].ravel(),
        }
    )


def _share_of_scale(p: Array, questions: Sequence[Question]) -> Array:
    """Means as a share of the scale, 0 at its first option and 1 at its last; shape (C, M)."""
    share = np.full(p.shape[:2], np.nan)
    for m, question in enumerate(questions):
        r = question.scale.values
        share[:, m] = p[:, m, : len(r)] @ ((r - r[0]) / (r[-1] - r[0]))
    return share
