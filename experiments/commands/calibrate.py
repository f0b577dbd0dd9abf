"""``value-personas calibrate``: search a calibration on stored answers."""

import json
from pathlib import Path
from typing import Annotated

import typer

from value_personas.experiments.commands.options import (
    JsonOption,
    RecipeArgument,
    SettingsOption,
    WideOption,
    WorkspaceOption,
    all_overrides,
    command_line,
    give,
)


def calibrate(
    recipe: RecipeArgument = None,
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    answers: Annotated[
        Path | None, typer.Option(help="A run's answers-*.npz; the recipe's newest run if absent.")
    ] = None,
    wide: WideOption = False,
    as_json: JsonOption = False,
) -> None:
    """Fit how answers are widened on training countries and questions, and judge it on the others.

    Reads the answers of an earlier run and asks the model nothing. The same command again goes on with the
    same study; several may run at once. It ends with the command that applies what it found.
    """
    from value_personas.experiments.calibration.calibrate import calibrate as run_search
    from value_personas.experiments.commands.printing.calibration import print_calibration
    from value_personas.experiments.progress.terminal import ConsoleReporter
    from value_personas.experiments.recipe.loading import load_recipe

    loaded = load_recipe(recipe, all_overrides(settings, workspace))
    with ConsoleReporter() as reporter:
        result = run_search(loaded, answers, reporter)
    kept = [one for one in settings or () if not one.partition("=")[0].strip().startswith("calibration.")]
    fitted = f"calibration.fitted={json.dumps(str(result.file), ensure_ascii=False)}"
    give(
        result,
        print_calibration,
        as_json,
        _scored_again(result.answers, kept, workspace, fitted)
        or command_line("run", recipe, kept, workspace, fitted),
    )


def _scored_again(
    answers: Path | None, settings: list[str], workspace: Path | None, fitted: str
) -> str | None:
    """The command that applies what was found to predictions made elsewhere; None for answers of a run."""
    from value_personas.experiments.recipe.record import RECIPE_FILE, read_recipe

    if answers is None or not (answers.parent / RECIPE_FILE).is_file():
        return None
    asked = read_recipe(answers.parent)
    if not asked.predictions:
        return None
    survey = asked.survey.model_dump(mode="json", exclude_defaults=True, exclude={"path", "codebook"})
    paths = [asked.survey.path] if isinstance(asked.survey.path, str) else asked.survey.path
    words = [*asked.predictions, *(word for path in paths for word in ("--survey", path))]
    words += ["--codebook", asked.survey.codebook] if asked.survey.codebook else []
    told = [f"survey.{name}={json.dumps(value, ensure_ascii=False)}" for name, value in survey.items()]
    told += [one for one in settings if not one.lstrip().startswith(("survey.", "predictions"))]
    return command_line("score", None, told, workspace, fitted, words=words)
