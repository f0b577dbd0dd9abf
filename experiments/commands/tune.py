"""``value-personas tune``: prompts learnt on training countries."""

from typing import Annotated

import typer

from value_personas.experiments.commands.options import (
    JsonOption,
    SettingsOption,
    WorkspaceOption,
    from_outside,
)
from value_personas.experiments.recipe.optimizers import OPTIMIZER_GROUP, OPTIMIZERS

__all__ = ["tune"]


def tune(
    recipe: Annotated[
        str | None, typer.Argument(help="A recipe file or the name of a shipped one; tune if absent.")
    ] = None,
    optimizer: Annotated[
        str | None,
        typer.Option(help=f"{', '.join(OPTIMIZERS)}{from_outside(OPTIMIZER_GROUP)}."),
    ] = None,
    budget_calls: Annotated[int | None, typer.Option(help="Calls of all models together, at most.")] = None,
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tune descriptor prompts on training countries; judge them on countries and questions never seen.

    Stopped at any moment, the same command goes on at no repeated cost. A prompt that does not win on
    validation is not kept.
    """
    from value_personas.experiments.commands.printing.tuning import TuningConsole, print_tuning
    from value_personas.experiments.recipe.loading import load_recipe
    from value_personas.experiments.tuning.tune import tune as run_tuning

    overrides = [
        *(settings or []),
        *([f"tuning.optimizer={optimizer}"] if optimizer else []),
        *([f"tuning.budget_calls={budget_calls}"] if budget_calls is not None else []),
        *([f"workspace={workspace}"] if workspace else []),
    ]
    loaded = load_recipe(recipe or "tune", overrides)
    with TuningConsole() as reporter:
        result = run_tuning(loaded, reporter)
    if as_json:
        typer.echo(result.to_json())
    else:
        print_tuning(result)
