"""The original and the chosen prompts on training, validation and held-out cells, with intervals."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import product

import dspy
import numpy as np
import pandas as pd
from numpy.typing import NDArray

import data
from experiments.config import Recipe
from experiments.inference import crossed_bootstrap
from experiments.tuning.metric import CellMetric
from experiments.tuning.splitting import TuningCells, noise_floor_of
from programs.population_program import PopulationProgram
from signatures import LeakError

__all__ = ["TuningJudgement", "judge_programs"]

Cell = tuple[str, str]
Array = NDArray[np.float64]


@dataclass(frozen=True)
class TuningJudgement:
    """How much the prompts gained, and how much of it was learnt by heart.

    Attributes:
        cells: one row for each part × country × question: the rewards of both.
        summary: one row for each part: cells, original, tuned and gain, each with its interval.
        overfit_gap: the gain on training cells minus the gain on held-out ones.
    """

    cells: pd.DataFrame
    summary: pd.DataFrame
    overfit_gap: float

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
    recipe: Recipe,
    survey: data.Survey,
    cells: TuningCells,
    metric: CellMetric,
    programs: tuple[PopulationProgram, PopulationProgram],
) -> TuningJudgement:
    """Score both programs; the only step that reads held-out answers, when all choices are made.

    Args:
        recipe: seed, draws and level of the bootstrap.
        survey: holds the held-out answers.
        cells: the three parts.
        metric: the reward that was tuned for.
        programs: the original and the chosen one, which may be the same.
    """
    if set(cells.held_out) & set(cells.seen):
        raise LeakError("a held-out cell was tuned on; no score of it is held-out")
    parts: dict[str, Sequence[Cell]] = {
        "training": cells.training.cells,
        "validation": cells.validation.cells,
        "held-out": cells.held_out,
    }

    def rewarded(cell: Cell) -> tuple[float, float]:
        example = _example(recipe, survey, cell)
        first, second = (metric.score(example, p(country=cell[0], question=cell[1])) for p in programs)
        return first, second

    frames = [_rows(part, members, rewarded) for part, members in parts.items()]
    table = pd.concat(frames, ignore_index=True)
    summary = pd.DataFrame([_summary(recipe, part, rows) for part, rows in table.groupby("part", sort=False)])
    gains = summary.set_index("part")["gain"]
    return TuningJudgement(table, summary, float(gains["training"] - gains["held-out"]))


def _example(recipe: Recipe, survey: data.Survey, cell: Cell) -> dspy.Example:
    country, code = cell
    human = [float(p) for p in survey.distribution(code, country)]
    floor = noise_floor_of(recipe, survey, cell)
    return dspy.Example(country=country, question=code, human=human, floor=floor).with_inputs(
        "country", "question"
    )


def _rows(part: str, cells: Sequence[Cell], rewarded: Callable[[Cell], tuple[float, float]]) -> pd.DataFrame:
    rows = []
    for country, code in cells:
        original, tuned = rewarded((country, code))
        rows.append(
            {"part": part, "country": country, "question": code, "original": original, "tuned": tuned}
        )
    return pd.DataFrame(rows)


def _summary(recipe: Recipe, part: object, rows: pd.DataFrame) -> dict[str, object]:
    """Means with intervals over countries × questions, both programs on the same draws."""
    countries, codes = sorted(set(rows["country"])), sorted(set(rows["question"]))
    rewards = np.full((2, len(countries), len(codes)), np.nan)
    known = rows.set_index(["country", "question"])
    for (c, country), (q, code) in product(enumerate(countries), enumerate(codes)):
        if (country, code) in known.index:
            rewards[:, c, q] = known.loc[(country, code), ["original", "tuned"]]
    found = crossed_bootstrap(
        rewards, draws=recipe.scoring.draws, level=recipe.scoring.level, seed=recipe.seed
    )
    row: dict[str, object] = {"part": part, "cells": len(rows)}
    for place, name in enumerate(("original", "tuned")):
        row |= {
            name: found.point[place],
            f"{name}_lower": found.lower[place],
            f"{name}_upper": found.upper[place],
        }
    return row | {
        "gain": found.difference[0],
        "gain_lower": found.difference_lower[0],
        "gain_upper": found.difference_upper[0],
    }
