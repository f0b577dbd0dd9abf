"""A recipe's tuning for whoever holds the optimiser in their own hands."""

from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

import dspy

from value_personas.experiments.evaluation.floors import Floors
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import Prepared, prepare
from value_personas.experiments.progress.shown import Progress, shown
from value_personas.experiments.recipe.loading import recipe_of
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.tuning.examples import examples_of
from value_personas.experiments.tuning.journal import AttemptJournal
from value_personas.experiments.tuning.judgement import require_held_out
from value_personas.experiments.tuning.session import TuningSession
from value_personas.experiments.tuning.splitting import TuningCells, noise_floor_of, split_cells
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs import PopulationProgram


class TuningTask:
    """What ``dspy.Evaluate`` and every optimiser of DSPy's take. Close it, or use it as a context.

    ``tuning.budget_calls`` of the recipe is the most that all of it together may ask; it counts anew for each
    task, and answers that are stored already cost nothing.

    Attributes:
        program: country and question → distribution; its instruction is what is tuned.
        train: examples to learn from.
        validation: examples to choose on.
        metric: the reward of a cell, in [0, 1]; with feedback in words where GEPA asks for it;
            ``metric.with_objectives()`` tells ``objective_scores`` too, for its ``frontier_type``.
        lm: the writer's LM, for optimisers that take DSPy's configured one: ``dspy.configure(lm=task.lm)``.
        proposer: the LM that proposes prompts: GEPA's ``reflection_lm``, the others' ``prompt_model``.
    """

    def __init__(self, recipe: Recipe, field: Fieldwork, ready: Prepared, cells: TuningCells) -> None:
        self._field = field
        self._ready = ready
        self._cells = cells
        self._session = TuningSession(recipe, ready.asking, field, AttemptJournal())
        require_held_out(ready.survey, cells, self._session.calibration)
        training, validation = cells.training, cells.validation
        self.program: PopulationProgram = self._session.program
        self.train = examples_of(training.view, training.cells, "training", training.floor)
        self.validation = examples_of(validation.view, validation.cells, "validation", validation.floor)
        self.metric = self._session.feedback
        self.lm = self._session.writer.lm
        self.proposer = self._session.proposer.lm
        self.program.set_lm(self.lm)

    @cached_property
    def held_out(self) -> list[dspy.Example]:
        """Examples of countries and questions that neither training nor validation holds: look once, last."""
        recipe, survey = self._session.recipe, self._ready.survey
        floors = Floors(recipe.seed, recipe.scoring.floor_draws)
        score = recipe.tuning.metric.score
        floor = {cell: noise_floor_of(floors, score, survey, cell) for cell in self._cells.held_out}
        return examples_of(survey, self._cells.held_out, "held-out", floor)

    @property
    def calls(self) -> int:
        """Calls used so far, of all models together."""
        return self._session.meter.total

    def __iter__(self) -> Iterator[Any]:
        """``program, train, validation, metric = tuning_task(recipe)``."""
        return iter((self.program, self.train, self.validation, self.metric))

    def __repr__(self) -> str:
        sizes = f"{len(self.train)} training, {len(self.validation)} validation cells"
        return f"<TuningTask {self._session.recipe.name} · {sizes} · {self.calls} calls used>"

    def __enter__(self) -> "TuningTask":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections and the store."""
        self._field.__exit__(None, None, None)


def tuning_task(recipe: Recipe | str | Path | None = None, progress: Progress = True) -> TuningTask:
    """What a recipe tunes, for an optimiser of your own choice.

    Args:
        recipe: a recipe, its file, or the name of a shipped one; ``tune`` when absent.
        progress: True shows it, in the notebook's cell or on stderr; False does not; a reporter is told.

    Raises:
        ValuePersonasError: for anything the user can put right; one line says how.

    Example:
        GEPA's least is |validation| + 3·(minibatch + |validation|) metric calls, 41 here.

        >>> task = vp.tuning_task("tune")
        >>> best = dspy.GEPA(metric=task.metric, reflection_lm=task.proposer, max_metric_calls=100).compile(
        ...     task.program, trainset=task.train, valset=task.validation
        ... )
        >>> dspy.Evaluate(devset=task.held_out, metric=task.metric)(best).score
    """
    recipe = recipe_of(recipe, "tune")
    with shown(progress) as reporter:
        reporter.stage("reading the survey")
        field = Fieldwork(Workspace.open(recipe.workspace), reporter.note, recipe.store)
        try:
            ready = prepare(field, recipe, (recipe.tuning.kind,))
            floors = Floors.kept(field.workspace, ready.survey, recipe.seed, recipe.scoring.floor_draws)
            start = ready.asking.program, recipe.program
            cells = split_cells(recipe.tuning, recipe.seed, ready.survey, floors, *start)
            floors.keep()
            return TuningTask(recipe, field, ready, cells)
        except BaseException:
            field.__exit__(None, None, None)
            raise
