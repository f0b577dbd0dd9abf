"""Options that several commands share, so that they mean and say the same everywhere."""

from pathlib import Path
from typing import Annotated

import typer

__all__ = [
    "JsonOption",
    "MaxCostOption",
    "RecipeArgument",
    "RunArgument",
    "SettingsOption",
    "TrackingOption",
    "WorkspaceOption",
    "YesOption",
]

RecipeArgument = Annotated[
    str | None, typer.Argument(help="A recipe file or the name of a shipped one; quickstart if absent.")
]
RunArgument = Annotated[
    str | None,
    typer.Argument(help="MLflow run id, folder or name of a run, or a recipe's name; the newest if absent."),
]
SettingsOption = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Override a recipe value; repeatable."),
]
WorkspaceOption = Annotated[
    Path | None, typer.Option(help="The folder of everything kept; ./.value-personas if absent.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
TrackingOption = Annotated[
    str | None,
    typer.Option(help="The MLflow store of a run whose folder is gone; the workspace's own if absent."),
]
MaxCostOption = Annotated[
    float | None,
    typer.Option(help="Stop before a call could pass this cost; needs respondent.prices.", min=0),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask before spending.")]
