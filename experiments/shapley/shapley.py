"""Which value items make predictions better, and which make them worse: Shapley values over items.

v_c(S) is the error in country c when personas carry the items of S and nothing else of their profiles,
computed on the population estimate. An item's Shapley value is its average share in v(all) − v(∅); where it
is negative, the item lowers the error.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd

from value_personas import data
from value_personas.experiments.comparators import ShareTable
from value_personas.experiments.evaluation.fitted import UNCALIBRATED, Calibration, study_calibration
from value_personas.experiments.evaluation.floors import Floors
from value_personas.experiments.evaluation.human import HumanAnswers, human_answers
from value_personas.experiments.evaluation.without_model import predict_nothing
from value_personas.experiments.fieldwork.descriptors import descriptor_frame
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import Prepared, prepare
from value_personas.experiments.fieldwork.rehearsal import Estimate
from value_personas.experiments.fieldwork.synthetic import in_words, synthetic_parts
from value_personas.experiments.fieldwork.tuned_prompts import tuned_on_notes
from value_personas.experiments.figures.shapley import bar_figure, tile_figure
from value_personas.experiments.figures.style import save_figure
from value_personas.experiments.progress.shown import Progress, shown
from value_personas.experiments.recipe.loading import recipe_of
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.record import write_recipe
from value_personas.experiments.scoring import SCORES
from value_personas.experiments.shapley.asking import Game, Played, ask_coalitions
from value_personas.experiments.shapley.game import CellErrors
from value_personas.experiments.shapley.planning import Plan
from value_personas.experiments.shapley.players import choose_players
from value_personas.experiments.shapley.record import RESULT_FILE
from value_personas.experiments.shapley.result import ShapleyResult
from value_personas.experiments.shapley.tables import Figures
from value_personas.experiments.tracking import Live, Record, calibration_file, live, record_run
from value_personas.experiments.workspace.folders import Workspace, stamped
from value_personas.experiments.workspace.json_file import write_json
from value_personas.experiments.workspace.tables import write_csv
from value_personas.programs import DescriptorTable, Variant
from value_personas.signatures import ValueItem, mean_of_known


def shapley(
    recipe: Recipe | str | Path | None = None,
    progress: Progress = True,
    approve: Callable[[Estimate], None] | None = None,
) -> ShapleyResult:
    """Ask coalitions of value items, and share out what all of them together change.

    Args:
        recipe: a recipe, its file, or the name of a shipped one; ``shapley`` when absent.
        progress: True shows it, in the notebook's cell or on stderr; False does not; a reporter is told, also
            of the upper bound of the calls before the first one.
        approve: called before the first call with an estimate of what is still to be paid for; it raises to
            end the run. Nothing is estimated when absent.

    Returns:
        Tables with intervals, the check that they add up, and the id of the MLflow run.

    Raises:
        ValuePersonasError: for anything the user can put right; one line says how.
    """
    recipe = recipe_of(recipe, "shapley")
    workspace = Workspace.open(recipe.workspace)
    with shown(progress) as reporter, live(recipe, workspace, reporter, "shapley") as watched:
        return _shared_out(recipe, workspace, watched, approve)


def _shared_out(
    recipe: Recipe, workspace: Workspace, reporter: Live, approve: Callable[[Estimate], None] | None
) -> ShapleyResult:
    started = time.perf_counter()

    reporter.stage("reading the survey")
    with Fieldwork(workspace, reporter.note, recipe.store) as field:
        ready = prepare(field, recipe, tuple(dict.fromkeys((recipe.shapley.kind, recipe.shapley.empty))))
        floors = Floors.kept(workspace, ready.survey, recipe.seed, recipe.scoring.floor_draws)
        human = human_answers(floors, ready.survey, ready.survey.countries, ready.survey.questions)
        game = _game(recipe, ready, human)
        reporter.stage(f"asking {recipe.respondent.lm}, coalition by coalition")
        played = ask_coalitions(field, game, reporter, approve)
    reporter.stage("adding up")
    result = _add_up(recipe, game, ready, human, played, started, workspace)
    names = {country: ready.survey.country_name(country) for country in ready.survey.countries}
    write_shapley_files(result, names, played.descriptors, ready.populations.items)
    return _recorded(result, workspace, played, reporter.stop())


def _game(recipe: Recipe, ready: Prepared, human: HumanAnswers) -> Game:
    settings, questions = recipe.shapley, ready.survey.questions
    calibration = UNCALIBRATED
    if settings.calibrated:
        way, fitted = recipe.respondent.elicitation, calibration_file(recipe)
        calibration = study_calibration(recipe.calibration, fitted, way, questions)
    names = data.load_instrument(recipe.profiles.instrument).names
    players = choose_players(settings.players, ready.populations.items, names)
    errors = CellErrors(human.probabilities, questions, settings.score)
    draws, seed = recipe.scoring.persona_draws, recipe.seed
    return Game(settings, ready.asking, players, errors, calibration, draws, seed)


def _add_up(
    recipe: Recipe,
    game: Game,
    ready: Prepared,
    human: HumanAnswers,
    played: Played,
    started: float,
    workspace: Workspace,
) -> ShapleyResult:
    """The tables, the check and what must be said of them; nothing is written yet."""
    figures = Figures(
        played.plan,
        played.errors,
        ready.survey.countries,
        score=game.settings.score,
        level=recipe.scoring.level,
        seed=recipe.seed,
    )
    tables = {name: figures.table(name) for name in played.plan.tables}
    return ShapleyResult(
        recipe=recipe,
        tables=tables,
        coalitions=figures.coalitions(),
        checks=figures.check(tables["shapley"]),
        floor=_floor(game.settings.score, human),
        nulls=_nulls(recipe.seed, game, ready, human, figures),
        calls_at_most=played.plan.calls,
        usage=played.usage,
        seconds=time.perf_counter() - started,
        notes=(
            *_notes(game, ready, human, played, figures),
            *tuned_on_notes(game.asking.program, recipe.program),
            *_fitted_notes(game.calibration, recipe.calibration.fitted),
        ),
        synthetic=synthetic_parts(recipe.respondent.lm, ready.survey),
        leaks=ready.leaks,
        folder=_folder(recipe.name, workspace),
    )


def _floor(score: str, human: HumanAnswers) -> float:
    """The mean noise floor of the score; NaN where none is kept for it, or it is no error itself."""
    if score not in human.floor or SCORES[score].better != "lower":
        return float("nan")
    return float(mean_of_known(human.floor[score].ravel()))


def _nulls(seed: int, game: Game, ready: Prepared, human: HumanAnswers, figures: Figures) -> dict[str, float]:
    """What v would be of predictions that know nothing, over the cells that count."""
    people = ShareTable(ready.survey.countries, ready.survey.questions, human.probabilities)
    cells = {name: game.errors.of(p)[figures.known] for name, p in predict_nothing(seed, people).items()}
    return {name: float(np.nanmean(found)) for name, found in cells.items() if np.isfinite(found).any()}


def _folder(name: str, workspace: Workspace) -> Path:
    folder = workspace.folder / "shapley" / stamped(name)
    folder.mkdir(parents=True)
    return folder


def _notes(
    game: Game, ready: Prepared, human: HumanAnswers, played: Played, figures: Figures
) -> Iterator[str]:
    """What the data are, how the values came about, and what they cannot tell."""
    yield from (*ready.survey.notes, *ready.profiles.notes, *ready.populations.notes)
    yield played.elicitation
    yield (
        f"v(∅) is the error of personas {game.settings.empty} on the cells that count here, as run scores "
        "it; its texts are a list and no sample, and never drawn anew"
    )
    yield _sampling_note(played.plan)
    asked = human.asked
    if (lost := asked & ~figures.known).any():
        questions = zip(ready.survey.questions, lost.T, strict=True)
        codes = ", ".join(question.code for question, cells in questions if cells.any())
        yield (
            f"{int(lost.sum())} of {int(asked.sum())} cells are left out, of {codes}: some coalition has too "
            "many missing answers there (respondent.max_missing), or the score is undefined"
        )
    if played.errors.missing.any():
        yield f"of a coalition's answers up to {played.errors.missing.max():.1%} are missing"
    if len(asked) == 1:
        yield "one country: the intervals tell of other questions and people, not of other countries"


def _fitted_notes(calibration: Calibration, name: str | None) -> Iterator[str]:
    if record := calibration.record:
        yield (
            f"the calibration {name} ({record.setting.in_one_line()}) was fitted on "
            f"{', '.join(record.countries)} × {', '.join(record.questions)}: figures of those are in-sample"
        )


def _sampling_note(plan: Plan) -> str:
    """What the method itself leaves to chance."""
    if plan.complete:
        return f"every one of {len(plan.coalitions):,} coalitions was asked: nothing is sampled but people"
    return (
        f"{plan.blocks} drawn orders and their reverses; in each the values add up to v(all) − v(∅) by "
        "construction, so the sum says nothing of whether there are enough: the intervals do"
    )


def _recorded(
    result: ShapleyResult, workspace: Workspace, played: Played, begun: str | None
) -> ShapleyResult:
    settings = result.recipe.shapley
    tags = {
        "kind": "shapley",
        "synthetic": in_words(result.synthetic),
        "shapley.score": settings.score,
        "shapley.sign": "negative: the item lowers the error",
        "respondent.identity": played.identity,
        "respondent.elicitation": played.elicitation,
    }
    record = Record(result.recipe, f"shapley-{result.folder.name}", result.metrics(), tags, result.folder)
    result = replace(result, mlflow_run_id=record_run(workspace, record, begun))
    write_json(result.folder / RESULT_FILE, result.record())  # whose page is added to it
    return result


def write_shapley_files(
    result: ShapleyResult,
    names: Mapping[str, str],
    descriptors: Mapping[Variant, DescriptorTable],
    items: tuple[ValueItem, ...],
) -> None:
    """Write every file into the result's folder.

    Args:
        result: tables and where they go.
        names: country code → its name.
        descriptors: what personas were told by.
        items: the items they tell of.
    """
    folder = result.folder
    for name, table in {**result.tables, "coalitions": result.coalitions}.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)
    write_csv(folder / "checks.csv", result.checks)
    if descriptors:
        frame: pd.DataFrame = descriptor_frame(descriptors.values(), items)
        write_csv(folder / "descriptors.csv", frame)
    write_recipe(result.recipe, folder)
    write_json(folder / RESULT_FILE, result.record())
    title = f"Shapley values · {result.title}"
    level = f"{round(100 * result.recipe.scoring.level)} % intervals"
    save_figure(tile_figure(result.values, names, title), folder, "heat_map")
    save_figure(bar_figure(result.values, f"{title} · {level}"), folder, "bars")
