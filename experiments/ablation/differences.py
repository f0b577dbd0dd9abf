"""The errors of every variant, and their paired differences from the base."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from value_personas.experiments.ablation.variants import Variant
from value_personas.experiments.evaluation.answers import Answers, panel_file, score_panel
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.experiments.evaluation.hypotheses import Cells, judge_hypotheses
from value_personas.experiments.evaluation.measures import (
    AGAINST_NULL,
    measure_table,
    not_above_nothing,
    null_rows,
)
from value_personas.experiments.evaluation.redrawn import persona_replicates
from value_personas.experiments.evaluation.without_model import null_errors
from value_personas.experiments.inference import CellGroups, compare_methods, within, zones_of
from value_personas.experiments.recipe.hypotheses import Hypothesis
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.run.stored import calibrations_of
from value_personas.experiments.scoring import SCORES
from value_personas.experiments.sweep.cells import short
from value_personas.programs.calibration import Setting
from value_personas.signatures import Array


@dataclass(frozen=True, slots=True)
class Errors:
    """The errors of every variant, on the cells of the base.

    Attributes:
        variants: V variants, the base first.
        countries: C codes.
        questions: one row for each of M questions: question, near and options.
        cells: score → shape (V, C, M); NaN where a variant has no such cell.
        drawn: score → shape (R, V, C, M), after each country's personas were drawn anew; empty without draws.
        nulls: null → score → shape (C, M), of what knows nothing.
    """

    variants: tuple[Variant, ...]
    countries: tuple[str, ...]
    questions: pd.DataFrame
    cells: Mapping[str, Array]
    drawn: Mapping[str, Array]
    nulls: Mapping[str, Mapping[str, Array]]


def errors_of(variants: Sequence[Variant], results: Sequence[RunResult], scores: Iterable[str]) -> Errors:
    """Read the errors of every variant; answers are calibrated and drawn anew once for all scores.

    Args:
        variants: the base first.
        results: the run that holds each.
        scores: errors by name.
    """
    wanted = tuple(dict.fromkeys((*scores, AGAINST_NULL)))
    base = results[0].scores.drop_duplicates(["country", "question"])
    countries = tuple(base["country"].unique())
    questions = base.drop_duplicates("question")[["question", "near", "options"]]
    codes = tuple(questions["question"])
    cells = {
        score: np.stack(
            [
                _errors(result.scores, variant.method, score, countries, codes)
                for variant, result in zip(variants, results, strict=True)
            ]
        )
        for score in wanted
    }
    panel = Answers.load(panel_file(results[0].folder, variants[0].kind))
    nulls = {
        null: {
            score: np.where(np.isnan(cells[score][0]), np.nan, _aligned(e[None], panel, countries, codes)[0])
            for score, e in found.items()
        }
        for null, found in null_errors(results[0].recipe.seed, panel, wanted).items()
    }
    drawn = _replicates(variants, results, wanted, countries, codes)
    return Errors(tuple(variants), countries, questions, cells, drawn, nulls)


def no_better(errors: Errors, level: float) -> tuple[str, ...]:
    """The variants that are not shown to be better than every option alike."""
    of_variant = {
        variant.label: {AGAINST_NULL: cells}
        for variant, cells in zip(errors.variants, errors.cells[AGAINST_NULL], strict=True)
    }
    rows = null_rows(of_variant, errors.nulls, errors.countries, level=level, drawn=errors.drawn or None)
    return tuple(not_above_nothing(measure_table(rows)))


def difference_table(errors: Errors, base: RunResult, scores: Sequence[str]) -> pd.DataFrame:
    """Every variant against the base, over all cells and by zone, nearness and scale length.

    Intervals are over countries or zones, questions and each country's personas; every variant meets the
    same draw of these.

    Args:
        errors: of two or more variants.
        base: the run of the first.
        scores: errors by name.

    Returns:
        As ``compare_methods``, with the columns score, label, factor, level (both of what differs from the
        base) and floor, the human sample's own error over all cells.
    """
    variants, questions = errors.variants, errors.questions
    zones = list(zones_of(errors.countries).values())
    groups = CellGroups(zones, questions["near"].tolist(), questions["options"].tolist())
    tables = [
        within(
            compare_methods(
                errors.cells[score],
                [variant.label for variant in variants],
                groups,
                [(i, 0) for i in range(1, len(variants))],
                level=base.recipe.scoring.level,
                draws=base.recipe.scoring.draws,
                seed=base.recipe.seed,
                replicates=errors.drawn.get(score),
            ),
            SCORES[score].furthest,
        ).assign(score=score, floor=float(base.floor[score]))
        for score in scores
    ]
    table = pd.concat(tables, ignore_index=True).rename(columns={"method": "label"})
    return table.merge(_levels(variants), on="label", how="left")


def claims_table(stated: Sequence[Hypothesis], errors: Errors, level: float) -> pd.DataFrame:
    """The recipe's claims of variants, judged as a run's are; empty where it states none.

    A variant goes by its label; a row of the table by its own name too, where one variant alone has it.

    Args:
        stated: the claims.
        errors: of every variant, in the scores that are claimed.
        level: of the intervals.
    """
    if not stated:
        return pd.DataFrame()
    methods = [variant.method for variant in errors.variants]
    scores: dict[str, Mapping[str, Array]] = dict(errors.nulls)
    drawn: dict[str, Mapping[str, Array]] = {}
    for place, variant in enumerate(errors.variants):
        names = [variant.label, *([variant.method] if methods.count(variant.method) == 1 else [])]
        for name in names:
            scores[name] = {score: cells[place] for score, cells in errors.cells.items()}
            drawn[name] = {score: cells[:, place] for score, cells in errors.drawn.items()}
    known = Cells(scores, drawn, errors.countries, errors.questions["near"].tolist())
    return judge_hypotheses(stated, known, level)


def _levels(variants: Sequence[Variant]) -> pd.DataFrame:
    rows = [
        {
            "label": variant.label,
            "factor": " × ".join(variant.changed),
            "level": " × ".join(short(variant.levels[name]) for name in variant.changed),
            "method": variant.method,
        }
        for variant in variants[1:]
    ]
    return pd.DataFrame(rows)


def _errors(
    cells: pd.DataFrame, method: str, score: str, countries: Sequence[str], questions: Sequence[str]
) -> Array:
    """Shape (C, M); NaN where the method has no such cell."""
    own = cells[cells["method"] == method].pivot(index="country", columns="question", values=score)
    return own.reindex(index=list(countries), columns=list(questions)).to_numpy(np.float64)


def _replicates(
    variants: Sequence[Variant],
    results: Sequence[RunResult],
    scores: Sequence[str],
    countries: Sequence[str],
    questions: Sequence[str],
) -> dict[str, Array]:
    """Score → shape (R, variants, C, M): the errors after each country's personas were drawn anew."""
    draws = results[0].recipe.scoring.persona_draws
    if not draws:
        return {}
    drawn: dict[str, list[Array]] = {score: [] for score in scores}
    for variant, result in zip(variants, results, strict=True):
        panel = Answers.load(panel_file(result.folder, variant.kind))
        setting = _setting(variant, result)
        estimate = persona_replicates(Prepared(panel), setting, replicates=draws, seed=result.recipe.seed)
        for score, errors in score_panel(panel, estimate, scores).items():
            drawn[score].append(_aligned(errors, panel, countries, questions))
    return {score: np.stack(found, axis=1) for score, found in drawn.items()}


def _setting(variant: Variant, result: RunResult) -> Setting:
    if variant.calibration is None:
        return Setting(method="none")
    found = calibrations_of(result)
    return next(one.setting for one in found if one.setting.level == variant.calibration)


def _aligned(errors: Array, panel: Answers, countries: Sequence[str], questions: Sequence[str]) -> Array:
    """Errors (R, C, M) in the order of the base's cells; NaN for one that the panel lacks."""
    out = np.full((len(errors), len(countries), len(questions)), np.nan)
    places: Mapping[str, int] = {code: i for i, code in enumerate(panel.countries)}
    columns: Mapping[str, int] = {code: i for i, code in enumerate(panel.questions)}
    c = [i for i, code in enumerate(countries) if code in places]
    m = [i for i, code in enumerate(questions) if code in columns]
    source = np.ix_(range(len(errors)), [places[countries[i]] for i in c], [columns[questions[i]] for i in m])
    out[np.ix_(range(len(errors)), c, m)] = errors[source]
    return out
