"""``value-personas calibrate``: search a calibration on stored answers."""

from pathlib import Path
from typing import Annotated

import typer

from value_personas.experiments.commands.options import (
    JsonOption,
    RecipeArgument,
    SettingsOption,
    WorkspaceOption,
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
    same study; several may run at once.
    """
    from value_personas.data import file_hash
    from value_personas.experiments.calibration.calibrate import calibrate as run_search
    from value_personas.experiments.commands.printing.calibration import SearchProgress, print_calibration
    from value_personas.experiments.evaluation.answers import StoredPanel
    from value_personas.experiments.recipe.loading import load_recipe
    from value_personas.experiments.run.stored import find_panel
    from value_personas.experiments.tracking import InputFile, Record, record_run, run_title
    from value_personas.experiments.workspace.folders import Workspace

    loaded = load_recipe(recipe, [*(settings or []), *([f"workspace={workspace}"] if workspace else [])])
    place = Workspace.open(loaded.workspace)
    search = loaded.calibration.search
    path = answers or find_panel(place.folder / "runs", loaded.name, search.method)
    with SearchProgress() as progress:
        result = run_search(
            StoredPanel.load(path),
            search,
            place.folder / "calibration" / loaded.name,
            study_folder=place.folder,
            seed=loaded.seed,
            on_trial=progress.done,
        )
    tags = {"kind": "calibration", "synthetic": ", ".join(result.synthetic) or "no", "answers": str(path)}
    tags["calibration"] = result.record.setting.in_one_line()
    title = run_title("calibrate", loaded.name, search.method)
    inputs = (InputFile("calibration.answers", str(path), file_hash(path)),)
    record_run(loaded, place, Record(title, result.metrics(), tags, result.folder, inputs=inputs))
    if as_json:
        typer.echo(result.to_json())
    else:
        print_calibration(result)
