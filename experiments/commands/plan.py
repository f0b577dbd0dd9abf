"""``value-personas plan``: what a recipe would still have to pay for, and how long it takes."""

import typer

from experiments.commands.options import (
    JsonOption,
    RecipeArgument,
    SettingsOption,
    WorkspaceOption,
    all_overrides,
)

__all__ = ["plan"]


def plan(
    recipe: RecipeArgument = None,
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print a recipe's cells, the calls still to pay for, tokens, cost and time. Nothing is asked.

    A recipe with a [sweep] table has a cell for each variation, one with ablation factors a cell for each
    run that these need; any other is one cell. Calls that cells share count in the first of them.
    """
    from experiments.plan import plan as make_plan
    from experiments.recipe_files import load_recipe
    from experiments.sweeping.plan_console import print_plan

    made = make_plan(load_recipe(recipe, all_overrides(settings, workspace)))
    if as_json:
        typer.echo(made.to_json())
    else:
        print_plan(made)
