"""The original and the chosen prompts on training, validation and held-out cells, with intervals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from zlib import crc32

import dspy
import numpy as np
import pandas as pd

from value_personas import data
from value_personas.experiments.comparators import NULLS, ShareTable
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.experiments.evaluation.fitted import Calibration
from value_personas.experiments.evaluation.floors import Floors
from value_personas.experiments.evaluation.layout import answers_of
from value_personas.experiments.evaluation.redrawn import persona_replicates
from value_personas.experiments.evaluation.without_model import predict_nothing
from value_personas.experiments.inference import clustered_means, units_of, with_difference, zones_of
from value_personas.experiments.tuning.metric import CellMetric
from value_personas.experiments.tuning.session import TuningSession
from value_personas.experiments.tuning.splitting import TuningCells, noise_floor_of
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs import PopulationProgram
from value_personas.programs.calibration import Setting
from value_personas.signatures import Array, LeakError

Cell = tuple[str, str]
_STREAM = 71
"""Keeps draws of personas apart from every other draw of the recipe's seed."""


@dataclass(frozen=True)
class TuningJudgement:
    """How much the prompts gained, and how much of it was learnt by heart.

    Attributes:
        cells: one row for each of N cells, part × country × question: the rewards of both.
        draws: shape (R, 2, N), the same after each country's personas were drawn anew; R is 0 where the
            recipe wants no draws.
        summary: one row for each part: cells, original, tuned and gain, each with its interval; and the mean
            rewards of what knows nothing.
        overfit_gap: the gain on training cells minus the gain on held-out ones.
        no_better: which of ``original`` and ``tuned`` are not shown to be better than every option alike, on
            held-out cells.
    """

    cells: pd.DataFrame
    draws: Array
    summary: pd.DataFrame
    overfit_gap: float
    no_better: tuple[str, ...]

    @property
    def held_out(self) -> Mapping[str, float]:
        """The row of the held-out cells."""
        row = self.summary.set_index("part").loc["held-out"].to_dict()
        return {str(name): float(value) for name, value in row.items()}

    @property
    def claims_gain(self) -> bool:
        """Whether the whole interval of the held-out gain lies above 0."""
        return self.held_out["gain_lower"] > 0.0


def judge_programs(
    session: TuningSession,
    survey: data.Survey,
    cells: TuningCells,
    programs: tuple[PopulationProgram, PopulationProgram],
) -> TuningJudgement:
    """Score both programs; the only step that reads held-out answers, when all choices are made.

    Args:
        session: the reward that was tuned for, and what answers are calibrated by.
        survey: holds the held-out answers.
        cells: the three parts.
        programs: the original and the chosen one, which may be the same.

    Raises:
        LeakError: when a held-out cell was tuned on, or the calibration was fitted on it.
    """
    require_held_out(survey, cells, session.calibration)
    recipe, scoring = session.recipe, session.recipe.scoring
    parts: dict[str, Sequence[Cell]] = {
        "training": cells.training.cells,
        "validation": cells.validation.cells,
        "held-out": cells.held_out,
    }
    nulls = {
        name: ShareTable(survey.countries, survey.questions, p)
        for name, p in predict_nothing(recipe.seed, survey).items()
    }
    where = [(part, *cell) for part, members in parts.items() for cell in members]
    floors = Floors.kept(Workspace.open(recipe.workspace), survey, recipe.seed, scoring.floor_draws)
    floor = partial(noise_floor_of, floors, recipe.tuning.metric.score)
    examples = [_example(survey, floor, country, code) for _, country, code in where]
    floors.keep()
    redraw = partial(
        _redrawn,
        session.calibration.setting,
        scoring.persona_draws,
        recipe.seed,
        recipe.respondent.max_missing,
    )
    judged = [
        [_reward(session.metric, e, p, scoring.persona_draws, redraw) for p in programs] for e in examples
    ]
    table = pd.DataFrame(where, columns=["part", "country", "question"])
    table[["original", "tuned"]] = [[reward.point for reward in pair] for pair in judged]
    table[list(nulls)] = [_of_nothing(session.metric, e, nulls) for e in examples]
    draws = np.array([[reward.draws for reward in pair] for pair in judged]).transpose(2, 1, 0)
    summary = pd.DataFrame(
        [
            _summary(scoring.level, part, rows, draws[:, :, rows.index])
            for part, rows in table.groupby("part", sort=False)
        ]
    )
    gains = summary.set_index("part")["gain"]
    return TuningJudgement(
        table, draws, summary, float(gains["training"] - gains["held-out"]), _no_better(summary)
    )


def require_held_out(survey: data.Survey, cells: TuningCells, calibration: Calibration) -> None:
    """Let nothing that was tuned or fitted on be called held-out.

    Raises:
        LeakError: when a held-out cell was.
    """
    if set(cells.held_out) & set(cells.seen):
        raise LeakError("a held-out cell was tuned on; no score of it is held-out")
    for country, code in cells.held_out:
        if calibration.part_of(country, survey.question(code)) != "no":
            raise LeakError(
                f"calibration.fitted was fitted on {country} or {code}, which the tuning holds out; set "
                "tuning.calibrated to false, or calibrate on what the tuning trains on"
            )


@dataclass(frozen=True)
class _Reward:
    """One program on one cell, and after its personas were drawn anew, shape (R,)."""

    point: float
    draws: Array


def _redrawn(
    setting: Setting, draws: int, root: int, max_missing: float, program: PopulationProgram, cell: Cell
) -> Array:
    """A program's estimate after the country's personas were drawn anew, shape (R, 1, 1, K)."""
    country, code = cell
    # The personas of a country are the same in every question and program: so are their draws.
    seed = np.random.SeedSequence(root, spawn_key=(_STREAM, crc32(country.encode())))
    answers = answers_of(program.answers(country, code), max_missing=max_missing)
    return persona_replicates(Prepared(answers), setting, replicates=draws, seed=seed)


def _reward(
    metric: CellMetric,
    example: dspy.Example,
    program: PopulationProgram,
    draws: int,
    redraw: Callable[[PopulationProgram, Cell], Array],
) -> _Reward:
    cell = example.country, example.question
    prediction = program(**example.inputs())
    point = metric.score(example, prediction)
    if prediction.distribution is None:
        return _Reward(point, np.full(draws, point))
    if not draws:
        return _Reward(point, np.empty(0))
    drawn = redraw(program, cell)
    return _Reward(point, metric.redrawn(example, prediction, drawn[:, 0, 0]))


def _of_nothing(metric: CellMetric, example: dspy.Example, nulls: Mapping[str, ShareTable]) -> list[float]:
    """The reward of each null on a cell; NaN where it says nothing of it."""
    country, code = example.country, example.question
    return [
        metric.of_shares(example, one.distribution(code, country))
        if one.has_answers(code, country)
        else float("nan")
        for one in nulls.values()
    ]


def _no_better(summary: pd.DataFrame) -> tuple[str, ...]:
    (row,) = summary[summary["part"] == "held-out"].to_dict("records")
    return tuple(name for name in ("original", "tuned") if not row[f"{name}_over_uniform_lower"] > 0.0)


def _example(
    survey: data.Survey, floor: Callable[[data.Survey, Cell], float], country: str, code: str
) -> dspy.Example:
    human = [float(p) for p in survey.distribution(code, country)]
    told = {"country": country, "question": code, "human": human, "floor": floor(survey, (country, code))}
    return dspy.Example(**told).with_inputs("country", "question")


def lay_out(rows: pd.DataFrame, values: Array, country: Sequence[str] = ("country",)) -> Array:
    """Values of cells as a table of countries × questions.

    Args:
        rows: one for each of N cells.
        values: shape (..., N).
        country: the columns that tell countries apart.

    Returns:
        Shape (..., C, M); NaN where there is no cell.
    """
    c = rows.groupby(list(country)).ngroup().to_numpy()
    m = rows.groupby("question").ngroup().to_numpy()
    out = np.full((*values.shape[:-1], c.max() + 1, m.max() + 1), np.nan)
    out[..., c, m] = values
    return out


def _summary(level: float, part: object, rows: pd.DataFrame, draws: Array) -> dict[str, object]:
    """Means with intervals over countries × questions × personas, both programs on the same cells."""
    units = units_of(list(zones_of(sorted(set(rows["country"].astype(str)))).values()))
    rewards = lay_out(rows, rows[["original", "tuned"]].to_numpy(dtype=np.float64).T)
    redrawn = lay_out(rows, draws) if len(draws) else None
    even = lay_out(rows, rows["uniform"].to_numpy(dtype=np.float64))
    row: dict[str, object] = {"part": part, "cells": len(rows)}
    for names, values, drawn in (
        (
            ("original", "tuned", "gain"),
            with_difference(rewards),
            None if redrawn is None else with_difference(redrawn),
        ),
        (
            ("original_over_uniform", "tuned_over_uniform"),
            rewards - even,
            None if redrawn is None else redrawn - even,
        ),
    ):
        found = clustered_means(values, units, level=level, replicates=drawn)
        for place, name in enumerate(names):
            least = 0.0 if name in ("original", "tuned") else -1.0  # a reward lies between 0 and 1
            row |= {
                name: found.point[place],
                f"{name}_lower": max(found.lower[place], least),
                f"{name}_upper": min(found.upper[place], 1.0),
            }
    return row | {name: float(rows[name].mean()) for name in NULLS if name in rows}
