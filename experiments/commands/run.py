"""``value-personas run``: the main job."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["run"]


def run(
    recipe: Annotated[
        str | None, typer.Argument(help="A recipe file or the name of a shipped one; quickstart if absent.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="Override a recipe value; repeatable."),
    ] = None,
    workspace: Annotated[
        Path | None, typer.Option(help="The folder of everything kept; ./.value-personas if absent.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")] = False,
) -> None:
    """Read a survey, ask the model as every sampled persona, and score the prediction."""
    from experiments.console import ConsoleReporter, print_result
    from experiments.pipeline import run as run_recipe
    from experiments.recipe_files import load_recipe

    overrides = [*(settings or []), *([f"workspace={workspace}"] if workspace else [])]
    loaded = load_recipe(recipe, overrides)
    with ConsoleReporter() as reporter:
        result = run_recipe(loaded, reporter)
    if as_json:
        typer.echo(result.to_json())
    else:
        print_result(result)
