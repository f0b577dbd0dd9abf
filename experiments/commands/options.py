"""Options that several commands share, so that they mean and say the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = ["JsonOption", "RecipeArgument", "SettingsOption", "WorkspaceOption"]

RecipeArgument = Annotated[
    str | None, typer.Argument(help="A recipe file or the name of a shipped one; quickstart if absent.")
]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a recipe value; repeatable."),
]
WorkspaceOption = Annotated[
    Path | None, typer.Option(help="The folder of everything kept; ./.value-personas if absent.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
