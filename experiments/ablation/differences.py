"""The errors of every variant, and their paired differences from the base."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.experiments.ablation.variants import Variant
from value_personas.experiments.evaluation.answers import Answers, panel_file, score_panel
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.experiments.evaluation.hypotheses import Cells, judge_hypotheses
from value_personas.experiments.evaluation.redrawn import persona_replicates
from value_personas.experiments.inference import CellGroups, compare_methods, zones_of
from value_personas.experiments.recipe.hypotheses import Hypothesis
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.run.stored import calibrations_of
from value_personas.experiments.sweep.cells import short
from value_personas.programs.calibration import Setting

__all__ = ["claims_table", "difference_table"]

Array = NDArray[np.float64]


def difference_table(
    variants: Sequence[Variant], results: Sequence[RunResult], scores: Sequence[str]
) -> pd.DataFrame:
    """Every variant against the base, over all cells and by zone, nearness and scale length.

    Intervals are over countries or zones, questions and each country's personas; every variant meets the
    same draw of these.

    Args:
        variants: the base first; two or more.
        results: the run that holds each.
        scores: errors by name.

    Returns:
        As ``compare_methods``, with the columns score, label, factor, level (both of what differs from the
        base) and floor, the human sample's own error over all cells.
    """
    base = results[0]
    cells = base.scores.drop_duplicates(["country", "question"])
    countries = tuple(cells["country"].unique())
    questions = cells.drop_duplicates("question")
    codes = tuple(questions["question"])
    groups = CellGroups(
        list(zones_of(countries).values()), questions["near"].tolist(), questions["options"].tolist()
    )
    tables = [
        compare_methods(
            np.stack(
                [
                    _errors(result.scores, variant.method, score, countries, codes)
                    for variant, result in zip(variants, results, strict=True)
                ]
            ),
            [variant.label for variant in variants],
            groups,
            [(i, 0) for i in range(1, len(variants))],
            level=base.recipe.scoring.level,
            draws=base.recipe.scoring.draws,
            seed=base.recipe.seed,
            replicates=_replicates(variants, results, score, countries, codes),
        ).assign(score=score, floor=float(base.floor[score]))
        for score in scores
    ]
    table = pd.concat(tables, ignore_index=True).rename(columns={"method": "label"})
    return table.merge(_levels(variants), on="label", how="left")


def claims_table(
    stated: Sequence[Hypothesis], variants: Sequence[Variant], results: Sequence[RunResult]
) -> pd.DataFrame:
    """The recipe's claims of variants, judged as a run's are; empty where it states none.

    A variant goes by its label; a row of the table by its own name too, where one variant alone has it.
    """
    if not stated:
        return pd.DataFrame()
    cells = results[0].scores.drop_duplicates(["country", "question"])
    countries = tuple(cells["country"].unique())
    questions = cells.drop_duplicates("question")
    codes = tuple(questions["question"])
    names = [variant.label for variant in variants]
    methods = [variant.method for variant in variants]
    scores: dict[str, dict[str, Array]] = {name: {} for name in names}
    drawn: dict[str, dict[str, Array]] = {name: {} for name in names}
    for score in dict.fromkeys(one.score for one in stated):
        redrawn = _replicates(variants, results, score, countries, codes)
        for place, (variant, result) in enumerate(zip(variants, results, strict=True)):
            scores[names[place]][score] = _errors(result.scores, variant.method, score, countries, codes)
            if redrawn is not None:
                drawn[names[place]][score] = redrawn[:, place]
    for name, method in zip(names, methods, strict=True):
        if methods.count(method) == 1:
            scores[method], drawn[method] = scores[name], drawn[name]
    known = Cells(scores, drawn, countries, questions["near"].tolist())
    return judge_hypotheses(stated, known, results[0].recipe.scoring.level)


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
    score: str,
    countries: Sequence[str],
    questions: Sequence[str],
) -> Array | None:
    """Shape (R, variants, C, M): the errors after each country's personas were drawn anew."""
    draws = results[0].recipe.scoring.persona_draws
    if not draws:
        return None
    drawn = []
    for variant, result in zip(variants, results, strict=True):
        panel = Answers.load(panel_file(result.folder, variant.kind))
        setting = _setting(variant, result)
        estimate = persona_replicates(Prepared(panel), setting, replicates=draws, seed=result.recipe.seed)
        drawn.append(_aligned(score_panel(panel, estimate, [score])[score], panel, countries, questions))
    return np.stack(drawn, axis=1)


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
