"""Which cells prompts are tuned on, chosen on and judged on."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import product

import numpy as np

from value_personas import data
from value_personas.experiments.evaluation.floors import Floors
from value_personas.experiments.fieldwork.prompt_file import FittedOn, TunedProgram
from value_personas.experiments.recipe.tuning import TuningSettings
from value_personas.signatures import LeakError, Question, RecipeError, SurveyError

Cell = tuple[str, str]
"""(country, question code)."""

_STREAM = 70
"""Keeps the draws of cells apart from every other draw of the recipe's seed."""


@dataclass(frozen=True)
class LearningCells:
    """Cells whose human answers an optimiser may see, and nothing else of the survey.

    Attributes:
        view: the distributions.
        cells: in the order in which they are asked.
        floor: cell → the human sample's own error in the metric's score.
    """

    view: data.TrainingView
    cells: tuple[Cell, ...]
    floor: dict[Cell, float]


@dataclass(frozen=True)
class TuningCells:
    """The three parts; no country and no question is in two of them.

    Attributes:
        training: what candidates learn from.
        validation: what candidates are chosen on.
        held_out: cells of countries and questions that tuning never sees; no answer of theirs is in here.
        earlier: what the prompts that tuning starts from were tuned on, if they were.
    """

    training: LearningCells
    validation: LearningCells
    held_out: tuple[Cell, ...]
    earlier: FittedOn | None = None

    @property
    def seen(self) -> tuple[Cell, ...]:
        """Every cell whose answers had a part in the tuning."""
        return self.training.cells + self.validation.cells


def split_cells(
    section: TuningSettings,
    seed: int,
    survey: data.Survey,
    floors: Floors,
    program: TunedProgram | None,
    name: str | None,
) -> TuningCells:
    """Split countries by zone and questions by topic, twice: held-out first, then validation.

    Args:
        section: what is held out, and how many cells there are.
        seed: of every draw.
        survey: whose countries and questions.
        floors: of its cells.
        program: the prompts to start from, where they were tuned before.
        name: the recipe's name of them.

    Raises:
        RecipeError: when too few countries or questions are left for a part.
        LeakError: when the prompts to start from were tuned on what is held out.
    """
    learning = partial(_learning_cells, survey, seed, partial(noise_floor_of, floors, section.metric.score))
    try:
        countries = _countries(section, survey.countries, seed)
        questions = _questions(section, survey.questions, seed)
        sizes = (section.training_cells, section.validation_cells)
        training, validation = (
            learning(*part) for part in zip(countries[:2], questions[:2], sizes, strict=True)
        )
    except SurveyError as error:
        raise RecipeError(
            f"tuning: {len(survey.countries)} countries and {len(survey.questions)} questions do not make "
            f"training, validation and held-out cells: {error}"
        ) from None
    held_out = _cells(survey, seed, countries[2], questions[2], section.held_out_cells)
    if not held_out:
        raise RecipeError("tuning: no held-out cell has answers; hold out other zones or topics")
    return TuningCells(training, validation, held_out, _earlier(program, name, survey, held_out))


def _earlier(
    program: TunedProgram | None, name: str | None, survey: data.Survey, held_out: Sequence[Cell]
) -> FittedOn | None:
    """What the prompts to start from have seen, which no held-out cell may touch."""
    if program is None:
        return None
    for country, code in held_out:
        if program.fitted_on.part_of(country, survey.question(code)) != "no":
            raise LeakError(
                f"program: {name} was tuned on {country} or {code}, which this tuning holds out; "
                "take the seed and shares it was tuned with, or start from another prompt"
            )
    return program.fitted_on


def _countries(section: TuningSettings, codes: Sequence[str], seed: int) -> tuple[tuple[str, ...], ...]:
    outer = data.split_countries(codes, section.held_out_zones, share=section.held_out_countries, seed=seed)
    inner = data.split_countries(outer.training, share=section.validation_countries, seed=seed + 1)
    return inner.training, inner.held_out, outer.held_out


def _questions(
    section: TuningSettings, questions: Sequence[Question], seed: int
) -> tuple[tuple[str, ...], ...]:
    outer = data.split_questions(
        questions, section.held_out_topics, share=section.held_out_questions, seed=seed
    )
    rest = [question for question in questions if question.code in outer.training]
    inner = data.split_questions(rest, share=section.validation_questions, seed=seed + 1)
    return inner.training, inner.held_out, outer.held_out


def _learning_cells(
    survey: data.Survey,
    seed: int,
    floor: Callable[[data.Survey, Cell], float],
    countries: Sequence[str],
    codes: Sequence[str],
    most: int,
) -> LearningCells:
    cells = _cells(survey, seed, countries, codes, most)
    if len(cells) < 2:
        raise SurveyError(f"{len(cells)} cells with answers where two are the least")
    view = data.training_view(survey, countries, codes)
    return LearningCells(view, cells, {cell: floor(survey, cell) for cell in cells})


def _cells(
    survey: data.Survey, seed: int, countries: Sequence[str], codes: Sequence[str], most: int
) -> tuple[Cell, ...]:
    """At most so many cells with answers: countries in turn, so that none is left out; questions drawn."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_STREAM,)))
    drawn = [str(code) for code in rng.permutation(sorted(codes))]
    with_answers = [
        (country, code) for code, country in product(drawn, countries) if survey.has_answers(code, country)
    ]
    return tuple(with_answers[:most])


def noise_floor_of(floors: Floors, score: str, survey: data.Survey, cell: Cell) -> float:
    """The human sample's own error on a cell, in the score that is tuned for."""
    country, code = cell
    return floors.of(survey, country, survey.question(code))[score]
