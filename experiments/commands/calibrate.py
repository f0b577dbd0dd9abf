"""``value-personas calibrate``: search a calibration on stored answers."""

import json
import shlex
from pathlib import Path
from typing import Annotated

import typer

from value_personas.experiments.commands.options import (
    JsonOption,
    RecipeArgument,
    SettingsOption,
    WorkspaceOption,
    all_overrides,
    give,
)

__all__ = ["calibrate"]


def calibrate(
    recipe: RecipeArgument = None,
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    answers: Annotated[
        Path | None, typer.Option(help="A run's answers-*.npz; the recipe's newest run if absent.")
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Fit how answers are widened on training countries and questions, and judge it on the others.

    Reads the answers of an earlier run and asks the model nothing. The same command again goes on with the
    same study; several may run at once. It ends with the command that applies what it found.
    """
    from value_personas.experiments.calibration.calibrate import calibrate as run_search
    from value_personas.experiments.commands.printing.calibration import print_calibration
    from value_personas.experiments.commands.printing.progress import ConsoleReporter
    from value_personas.experiments.recipe.loading import load_recipe

    loaded = load_recipe(recipe, all_overrides(settings, workspace))
    with ConsoleReporter() as reporter:
        result = run_search(
            loaded, answers, lambda done, total: reporter.show("settings tried", done=done, total=total)
        )
    give(
        result,
        lambda found: print_calibration(found, next_command(recipe, settings, workspace, result.file)),
        as_json,
    )


def next_command(recipe: str | None, settings: list[str] | None, workspace: Path | None, file: Path) -> str:
    """The command that runs the recipe with what was found, as a shell takes it."""
    words = ["value-personas", "run", *([recipe] if recipe else [])]
    for setting in (s for s in settings or () if not s.partition("=")[0].strip().startswith("calibration.")):
        words += ["--set", setting]
    words += ["--set", f"calibration.fitted={json.dumps(str(file), ensure_ascii=False)}"]
    words += ["--workspace", str(workspace)] if workspace else []
    return shlex.join(words)
