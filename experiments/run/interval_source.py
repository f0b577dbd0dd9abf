"""The judged run whose errors make another run's intervals."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from value_personas.data import one_line
from value_personas.experiments.evaluation.prediction_intervals import PredictionErrors
from value_personas.experiments.recipe.survey import SYNTHETIC
from value_personas.experiments.run.record import SOURCES_FILE, Sources
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.run.stored import find_run, read_run
from value_personas.experiments.workspace.folders import Workspace
from value_personas.experiments.workspace.json_file import read_json
from value_personas.signatures import RecipeError

_MATTERS = (
    "profiles.n",
    "profiles.items",
    "profiles.instrument",
    "calibration.temperature",
    "calibration.fitted",
)
"""Settings on which a method's errors hang; where they differ, its intervals are another method's."""


@dataclass(frozen=True, slots=True)
class IntervalSource:
    """A run with people's answers, and how far it was off.

    Attributes:
        run: what it gave back.
        respondent: what answered there.
        errors: of its predictions.
    """

    run: RunResult
    respondent: str
    errors: PredictionErrors

    def notes(self, here: Mapping[str, Any], respondent: str, methods: Sequence[str]) -> Iterator[str]:
        """Whose errors intervals are made of, and in what that run differs, a sentence each.

        Args:
            here: the flat recipe of the run that they are for.
            respondent: what answered there.
            methods: what predicts there.
        """
        told = f"intervals of predictions are made of the errors of {self.run.folder.name}"
        yield f"{told}, {len(self.errors.countries)} countries × {len(self.errors.questions)} questions"
        if self.respondent != respondent:
            yield f"{told}, where {one_line(self.respondent)[:60]} answered, not what answers here"
        there = self.run.recipe.flat()
        if differing := [key for key in _MATTERS if here.get(key) != there.get(key)]:
            said = "; ".join(f"{key} {there.get(key)}, here {here.get(key)}" for key in differing)
            yield f"{told}, where other settings held: {said}"
        if "population" in self.run.synthetic and here["survey.path"] != SYNTHETIC:
            yield f"{told}, of an invented population: they say nothing about real people"
        if unknown := [name for name in methods if name not in self.errors.means]:
            yield f"{told}, which has no {', '.join(unknown)}: these have no intervals"


def intervals_from(wanted: str | None, lm: str, workspace: Workspace) -> IntervalSource | None:
    """The run of a recipe's ``scoring.interval_from``; None where it names none.

    Args:
        wanted: what it names.
        lm: the model that answers now.
        workspace: where runs lie.

    Raises:
        RecipeError: when it was answered by another model, or no people's answers judge it.
        StoreError: when there is no such run, or it is damaged.
    """
    if wanted is None:
        return None
    folder = find_run(workspace.folder / "runs", wanted)
    run = read_run(folder)
    if run.recipe.respondent.lm != lm:
        raise RecipeError(
            f"scoring.interval_from: {folder.name} was answered by {run.recipe.respondent.lm}; the errors of "
            f"one model say nothing of another’s, here {lm}"
        )
    errors = PredictionErrors.of_tables(run.scores, run.estimates)
    if not errors.means:
        raise RecipeError(
            f"scoring.interval_from: no people’s answers judge {folder.name}, so how far it is off is not "
            "known"
        )
    return IntervalSource(run, read_json(folder / SOURCES_FILE, Sources).respondent, errors)
