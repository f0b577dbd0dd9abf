"""``value-personas plan``: what a recipe would still have to pay for, and how long it takes."""

from typing import TYPE_CHECKING

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

if TYPE_CHECKING:
    from value_personas.experiments.recipe.recipe import Recipe
    from value_personas.experiments.sweep.cells import Cell


def plan(
    recipe: RecipeArgument = None,
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    wide: WideOption = False,
    as_json: JsonOption = False,
) -> None:
    """Print a recipe's cells, the calls still to pay for, tokens, cost and time. Nothing is asked.

    A recipe with a [sweep] table has a cell for each variation, one with ablation factors a cell for each
    run that these need; any other is one cell. Calls that cells share count in the first of them.
    """
    from value_personas.experiments.commands.printing.plan import print_plan
    from value_personas.experiments.recipe.loading import load_recipe
    from value_personas.experiments.sweep.plan import plan as make_plan

    loaded = load_recipe(recipe, all_overrides(settings, workspace))
    made = make_plan(loaded, _cells(loaded))
    verb = "sweep" if loaded.sweep else "ablate" if loaded.ablation.factors else "run"
    give(made, print_plan, as_json, command_line(verb, recipe, settings, workspace))


def _cells(recipe: "Recipe") -> "tuple[Cell, ...]":
    """Those of the sweep or of the ablation that the recipe describes; else the recipe itself."""
    from value_personas.experiments.ablation.variants import factors_of, runs_of, variants_of
    from value_personas.experiments.sweep.cells import Cell, sweep_cells

    if recipe.sweep:
        return sweep_cells(recipe)
    if recipe.ablation.factors:
        factors = factors_of(recipe.ablation, recipe.profiles)
        return runs_of(recipe, variants_of(recipe.ablation, factors)).cells
    return (Cell({}, recipe, "as it stands"),)
