"""``value-personas inspect``: look at what is asked before trusting what comes back."""

from pathlib import Path
from typing import Annotated

import typer

from value_personas.experiments.commands.options import (
    JsonOption,
    RecipeArgument,
    SettingsOption,
    WorkspaceOption,
    all_overrides,
    command_line,
    give,
    write_text,
)

app = typer.Typer(help="Look at single personas.", no_args_is_help=True)


@app.callback()
def _group() -> None:
    """Look at single personas."""


@app.command()
def persona(
    recipe: RecipeArgument = None,
    country: Annotated[str | None, typer.Option(help="Its code or name; the first if absent.")] = None,
    n: Annotated[int, typer.Option("-n", min=1, help="How many personas.")] = 3,
    kind: Annotated[
        str | None, typer.Option(help="A persona kind of the recipe, made of parts: {parts}.")
    ] = None,
    html: Annotated[
        Path | None, typer.Option(help="Ask every target question too, and write all to this HTML file.")
    ] = None,
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Print whole personas as the model sees them, with their weights and the answers they were made from."""
    from value_personas.experiments.commands.printing.personas import print_inspection
    from value_personas.experiments.progress.terminal import ConsoleReporter
    from value_personas.experiments.recipe.loading import load_recipe
    from value_personas.experiments.report.personas import inspect_personas, render_html

    loaded = load_recipe(recipe, all_overrides(settings, workspace))
    with ConsoleReporter() as reporter:
        found = inspect_personas(loaded, country, kind, n, html is not None, reporter)
    if html is not None:
        write_text(html, render_html(found))
    give(found, print_inspection, as_json, command_line("run", recipe, settings, workspace))
