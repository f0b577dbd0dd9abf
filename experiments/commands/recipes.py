"""``value-personas recipes``: the experiments that come with the package."""

import json
from typing import Annotated

import typer

from value_personas.experiments.commands.options import JsonOption, give


def recipes(
    name: Annotated[str | None, typer.Argument(help="Print this one, to begin a recipe of your own.")] = None,
    settings: Annotated[
        bool, typer.Option("--settings", help="Print every setting with type, default, range and meaning.")
    ] = False,
    schema: Annotated[
        bool, typer.Option("--schema", help="Print the JSON Schema by which editors complete and check.")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """List the shipped recipes, a line each; with a name, print that one."""
    from value_personas.experiments.recipe.loading import load_recipe, shipped_recipes
    from value_personas.experiments.recipe.reference import printed_recipe, recipe_schema, settings_page
    from value_personas.signatures import RecipeError

    if settings or schema:
        typer.echo(settings_page() if settings else json.dumps(recipe_schema(), indent=1, ensure_ascii=False))
        return
    shipped = shipped_recipes()
    if name is not None:
        if name not in shipped:
            raise RecipeError(f"recipe {name}: not shipped; there are {', '.join(shipped)}")
        typer.echo(printed_recipe(shipped[name]), nl=False)
        return
    described = {one: load_recipe(one).description for one in shipped}
    width = max(map(len, described))
    lines = [f"{one:<{width}}  {description}" for one, description in described.items()]
    give(
        described, lambda _: typer.echo("\n".join(lines)), as_json, "value-personas recipes NAME > mine.toml"
    )
