"""Options that several commands share, so that they mean and say the same everywhere."""

from collections.abc import Callable
from importlib import import_module
from importlib.metadata import entry_points
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar

import typer
from typer.core import TyperCommand

__all__ = [
    "JobsOption",
    "JsonOption",
    "MaxCostOption",
    "NamingCommand",
    "RecipeArgument",
    "RunArgument",
    "SettingsOption",
    "TrackingOption",
    "WorkspaceOption",
    "YesOption",
    "all_overrides",
    "from_outside",
    "give",
    "write_text",
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
    typer.Option(
        "--set", metavar="KEY=VALUE", help="Override a recipe value (KEY= takes it away); repeatable."
    ),
]
WorkspaceOption = Annotated[
    Path | None, typer.Option(help="The folder of everything kept; ./.value-personas if absent.")
]
MaxCostOption = Annotated[
    float | None,
    typer.Option(help="Stop before a call could pass this cost; needs respondent.prices.", min=0),
]
YesOption = Annotated[bool, typer.Option("--yes", help="Do not ask before spending.")]
JobsOption = Annotated[int, typer.Option(help="Cells at once; they share the model's limits.", min=1, max=64)]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
TrackingOption = Annotated[
    str | None,
    typer.Option(help="The MLflow store of a run whose folder is gone; the workspace's own if absent."),
]


def all_overrides(
    settings: list[str] | None, workspace: Path | None = None, max_cost: float | None = None
) -> list[str]:
    """What the command line overrides, as ``load_recipe`` takes it."""
    return [
        *(settings or []),
        *([f"workspace={workspace}"] if workspace else []),
        *([] if max_cost is None else [f"respondent.max_cost={max_cost!r}"]),
    ]


_NAMED = {"{scores}": ("scoring", "SCORES"), "{comparators}": ("comparators", "COMPARATORS")}


class NamingCommand(TyperCommand):
    """A command whose help names what is installed, by other distributions too, when it is asked for."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Put names in place of ``{scores}`` and ``{comparators}``."""
        told: list[Any] = [self, *self.params]
        for one in told:
            for place, (room, registry) in _NAMED.items():
                if place in (getattr(one, "help", None) or ""):
                    names = getattr(import_module(f"value_personas.experiments.{room}"), registry)
                    one.help = one.help.replace(place, ", ".join(names))
        super().format_help(ctx, formatter)


def from_outside(group: str) -> str:
    """What other distributions add, as the end of a help text; nothing of theirs is executed for it."""
    names = sorted(entry_points(group=group).names)
    return f"; from other distributions: {', '.join(names)}" if names else ""


class _Result(Protocol):
    def to_json(self) -> str: ...


R = TypeVar("R", bound=_Result)


def give(result: R, show: Callable[[R], None], as_json: bool) -> None:
    """A command's result on stdout: as one JSON object, or as a person reads it."""
    if as_json:
        typer.echo(result.to_json())
    else:
        show(result)


def write_text(path: Path, text: str) -> None:
    """Write a file that the user named, and say so on stderr.

    Raises:
        StoreError: when it cannot be written.
    """
    from value_personas.signatures import StoreError

    try:
        path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path}: cannot be written ({error.strerror})") from error
    typer.echo(f"wrote {path}", err=True)
