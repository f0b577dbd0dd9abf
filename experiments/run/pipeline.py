"""The main job, readable from top to bottom."""

from collections.abc import Callable, Collection
from pathlib import Path

from value_personas.experiments.evaluation.fitted import Calibration, find_calibrations, require_applicable
from value_personas.experiments.evaluation.floors import Floors
from value_personas.experiments.evaluation.human import HumanAnswers, human_answers
from value_personas.experiments.evaluation.hypotheses import stated_lines
from value_personas.experiments.evaluation.judging import judge
from value_personas.experiments.evaluation.predicting import in_sample_notes, predict
from value_personas.experiments.evaluation.remoteness import Remoteness, read_remoteness
from value_personas.experiments.evaluation.without_model import predict_nothing, predict_without_model
from value_personas.experiments.fieldwork.asking import ask_everything
from value_personas.experiments.fieldwork.batch import the_batch
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.predictions import Given
from value_personas.experiments.fieldwork.preparing import Prepared, prepare
from value_personas.experiments.fieldwork.rehearsal import Estimate
from value_personas.experiments.progress.reporter import Reporter
from value_personas.experiments.progress.shown import Progress, shown
from value_personas.experiments.recipe.loading import recipe_of
from value_personas.experiments.recipe.recipe import CalibrationSection, Recipe
from value_personas.experiments.recipe.record import recipe_hash
from value_personas.experiments.run.interval_source import intervals_from
from value_personas.experiments.run.outcome import Outcome
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.run.writing import record_outcome
from value_personas.experiments.tracking import calibration_file, live
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs import PopulationEstimate
from value_personas.signatures import MissingReason, RecipeError


def run(
    recipe: Recipe | str | Path | None = None,
    progress: Progress = True,
    approve: Callable[[Estimate], None] | None = None,
    again: Collection[MissingReason] = (),
) -> RunResult:
    """Predict, score and record.

    Args:
        recipe: a recipe, its file, or the name of a shipped one; the quickstart when absent.
        progress: True shows it, in the notebook's cell or on stderr; False does not; a reporter is told.
        approve: called before the first call with an estimate of what is still to be paid for; it raises to
            end the run. Nothing is estimated when absent.
        again: stored replies that read as missing for one of these reasons are asked again.

    Returns:
        Tables, scores and the id of the MLflow run.

    Raises:
        ValuePersonasError: for anything the user can put right; one line says how.
    """
    recipe = recipe_of(recipe)
    workspace = Workspace.open(recipe.workspace)
    if recipe.sweep is not None:
        raise RecipeError(f"recipe {recipe.name}: has a [sweep] table; value-personas sweep runs its cells")
    once = the_batch() is None  # else it is gone through several times
    with shown(progress) as reporter, live(recipe, workspace, reporter, "run", recorded=once) as watched:
        for line in stated_lines(recipe.hypotheses, recipe_hash(recipe)):
            reporter.note(line)
        outcome = carry_out(recipe, workspace, watched, approve, again)
        return record_outcome(outcome, workspace, begun=watched)


def carry_out(
    recipe: Recipe,
    workspace: Workspace,
    reporter: Reporter,
    approve: Callable[[Estimate], None] | None = None,
    again: Collection[MissingReason] = (),
) -> Outcome:
    """All of ``run`` but the writing down, with a store and models of its own."""
    with Fieldwork(workspace, reporter.note, recipe.store) as field:
        return predict_and_judge(recipe, field, reporter, approve, again)


def predict_and_judge(
    recipe: Recipe,
    field: Fieldwork,
    reporter: Reporter,
    approve: Callable[[Estimate], None] | None = None,
    again: Collection[MissingReason] = (),
) -> Outcome:
    """Read, draw, ask, score; nothing is written but answers.

    Args:
        recipe: what is run.
        field: of one workspace and store with the recipe; several runs may share it.
        reporter: receives the progress.
        approve: as in ``run``.
        again: as in ``run``.

    Raises:
        ValuePersonasError: for anything the user can put right.
    """
    reporter.stage("reading the survey")
    sections = recipe.survey, recipe.questions, recipe.seed, field.workspace
    given = Given(recipe.predictions, recipe.respondent.max_missing, recipe.answered_by)
    told = given.sections(*sections) if recipe.predictions else {}
    ready = prepare(field, recipe.model_copy(update=told))
    # First what costs nothing, so that what cannot be had is said before anything is paid for.
    remoteness, calibrations = judged_by(recipe, ready)
    intervals = intervals_from(recipe.scoring.interval_from, recipe.respondent.lm, field.workspace)
    comparators, remarks = predict_without_model(
        recipe.comparators, recipe.seed, ready.survey, ready.profiles
    )

    left_out: tuple[str, ...] = ()
    if recipe.predictions:
        asked, left_out = given.asked(ready.survey)
    else:
        reporter.stage(f"asking {recipe.respondent.lm}")
        asked = ask_everything(field, ready.asking, reporter.answered, approve, again)

    reporter.stage("scoring")
    predicted = predict(
        asked,
        calibrations,
        calibrated=_calibrated(recipe.calibration, asked.panels if recipe.predictions else None),
        max_missing=recipe.respondent.max_missing,
        draws=recipe.scoring.persona_draws,
        seed=recipe.seed,
    )
    methods = (*predicted, *comparators)
    human = _human(ready, field, methods[0].estimate, recipe.seed, recipe.scoring.floor_draws)
    judgement = judge(
        human,
        methods,
        recipe.scoring.level,
        prediction_level=recipe.scoring.prediction_level,
        source=intervals.errors if intervals else None,
        nulls=predict_nothing(recipe.seed, ready.survey),
    )
    return Outcome(
        recipe,
        ready.survey,
        ready.profiles,
        remoteness,
        ready.populations,
        asked,
        judgement,
        ready.leaks,
        (
            *left_out,
            *remarks,
            *in_sample_notes(methods, recipe.program, recipe.calibration.fitted),
            *(intervals.notes(recipe.flat(), asked.identity, [m.name for m in methods]) if intervals else ()),
        ),
        calibrations,
    )


def _calibrated(section: CalibrationSection, predicted: Collection[str] | None) -> Collection[str]:
    """What gets a calibrated row: the recipe's kinds; of predictions all, by what was fitted for them."""
    if predicted is None:
        return section.kinds
    return tuple(predicted) if section.fitted else ()


def judged_by(recipe: Recipe, ready: Prepared) -> tuple[Remoteness | None, tuple[Calibration, ...]]:
    """The index of the gap analysis, where one is declared, and what answers are calibrated by.

    Raises:
        ValuePersonasError: when one of them cannot be had, or does not fit what is asked.
    """
    remoteness = read_remoteness(recipe.scoring, ready.profiles, len(ready.survey.questions))
    calibrations = find_calibrations(recipe.calibration, calibration_file(recipe))
    require_applicable(recipe.respondent.elicitation, calibrations, ready.survey.questions)
    return remoteness, calibrations


def _human(
    ready: Prepared, field: Fieldwork, predicted: PopulationEstimate, seed: int, draws: int
) -> HumanAnswers:
    """What people answered in the cells that are predicted; runs that share the survey collect it once."""
    floors = Floors.kept(field.workspace, ready.survey, seed, draws)
    cells = predicted.countries, tuple(question.code for question in predicted.questions)
    return field.once(
        ("human", *ready.reading, seed, draws, *cells),
        lambda: human_answers(floors, ready.survey, predicted.countries, predicted.questions),
    )
