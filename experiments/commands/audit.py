"""``value-personas audit``: what descriptors tell a reader."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["audit"]


def audit(
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
    """Judge descriptors: which answer a reader recovers, and what else a reader infers.

    A judge model (audit.judge, else the respondent) reads one descriptor at a time and answers every item.
    Its movements are set beside those of real respondents of the training countries.
    """
    from experiments.audit import run_audit
    from experiments.audit.console import print_audit
    from experiments.console import ConsoleReporter
    from experiments.recipe_files import load_recipe

    loaded = load_recipe(recipe, [*(settings or []), *([f"workspace={workspace}"] if workspace else [])])
    with ConsoleReporter() as reporter:
        result = run_audit(loaded, reporter)
    if as_json:
        typer.echo(result.to_json())
    else:
        print_audit(result)
