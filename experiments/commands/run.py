"""``value-personas run``: the main job."""

import json
from typing import TYPE_CHECKING, Annotated

import typer

from experiments.commands.options import JsonOption, RecipeArgument, SettingsOption, WorkspaceOption

if TYPE_CHECKING:
    from collections.abc import Callable

    from experiments.config import Recipe
    from experiments.estimate import Estimate

__all__ = ["run"]


def run(
    recipe: RecipeArgument = None,
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    max_cost: Annotated[
        float | None,
        typer.Option(help="Stop before a call could pass this cost; needs respondent.prices.", min=0),
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask before spending.")] = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Say what the run would take, and ask no model.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """Read a survey, ask the model as every sampled persona, and score the prediction."""
    from experiments.approval import Approval
    from experiments.console import ConsoleReporter, print_result
    from experiments.pipeline import run as run_recipe
    from experiments.recipe_files import load_recipe

    overrides = [*(settings or []), *([f"workspace={workspace}"] if workspace else [])]
    overrides += [] if max_cost is None else [f"respondent.max_cost={max_cost!r}"]
    loaded = load_recipe(recipe, overrides)
    with ConsoleReporter() as reporter:
        approve = Approval(loaded, yes, reporter.ask, reporter.note)
        # The embedded model costs nothing, and what it will be asked is known sooner by asking it.
        wanted = None if _is_free(loaded) else approve
        result = run_recipe(loaded, reporter, _only_show(as_json) if estimate else wanted)
    if as_json:
        typer.echo(result.to_json())
    else:
        print_result(result)


def _is_free(recipe: "Recipe") -> bool:
    models = (recipe.respondent, recipe.descriptors.lm or recipe.respondent)
    return all(model.lm.startswith("synthetic/") for model in models)


def _only_show(as_json: bool) -> "Callable[[Estimate], None]":
    """Print the first estimate and end the command."""

    def show(estimate: "Estimate") -> None:
        typer.echo(json.dumps(estimate.as_dict()) if as_json else str(estimate))
        raise typer.Exit

    return show
