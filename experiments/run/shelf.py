"""What runs that go on side by side read alike, read once."""

import threading
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from value_personas import data
from value_personas.experiments.evaluation.floors import Floors
from value_personas.experiments.evaluation.judging import HumanAnswers, human_answers
from value_personas.experiments.fieldwork.survey import open_survey
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.workspace.folders import Workspace
from value_personas.signatures import Question

__all__ = ["Shelf"]

T = TypeVar("T")


class Shelf:
    """Surveys and human answers by what determines them; safe to use from several threads.

    It keeps what it read for as long as it lives: one survey for each way of reading one.

    Args:
        workspace: holds the embedded population.
    """

    def __init__(self, workspace: Workspace) -> None:
        self._workspace = workspace
        self._kept: dict[Hashable, Any] = {}
        self._locks: dict[Hashable, threading.Lock] = {}
        self._lock = threading.Lock()

    def survey(self, recipe: Recipe) -> data.Survey:
        """The recipe's survey, as ``open_survey`` reads it."""
        return self._get(("survey", *_reading(recipe)), lambda: open_survey(recipe, self._workspace))

    def human(
        self, recipe: Recipe, survey: data.Survey, countries: Sequence[str], questions: Sequence[Question]
    ) -> HumanAnswers:
        """The human side of every cell, as ``human_answers`` collects it."""
        asked = tuple(question.code for question in questions)
        key = ("human", *_reading(recipe), recipe.seed, recipe.scoring.floor_draws, tuple(countries), asked)
        return self._get(
            key, lambda: human_answers(self._floors(recipe, survey), survey, countries, questions)
        )

    def _floors(self, recipe: Recipe, survey: data.Survey) -> Floors:
        file = self._workspace.floors([source.sha256 for source in survey.sources], recipe.seed)
        return Floors(recipe.seed, recipe.scoring.floor_draws, file)

    def _get(self, key: Hashable, read: Callable[[], T]) -> T:
        with self._lock:
            own = self._locks.setdefault(key, threading.Lock())
        with own:  # whoever else wants the same waits; others do not
            if key not in self._kept:
                self._kept[key] = read()
            kept: T = self._kept[key]
            return kept


def _reading(recipe: Recipe) -> tuple[Hashable, ...]:
    """Everything that determines how a survey is read."""
    seed = recipe.seed if recipe.survey.is_synthetic else None
    return recipe.survey.model_dump_json(), recipe.questions.model_dump_json(), seed
