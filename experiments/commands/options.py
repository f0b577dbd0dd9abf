"""Options that several commands share, so that they mean and say the same everywhere."""

import json
import shlex
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Protocol, TypeVar

import typer
from typer.core import TyperCommand

if TYPE_CHECKING:
    from value_personas.experiments.recipe.recipe import Recipe

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
BatchOption = Annotated[
    str | None,
    typer.Option(
        metavar="FOLDER|submit",
        help="Write what is to be asked as request files of the batch protocol, whose answers `store import` "
        "brings; or submit them to the server (/v1/files, /v1/batches) and wait.",
    ),
]
NoBatchOption = Annotated[str | None, typer.Option("--batch", metavar="FOLDER|submit", hidden=True)]
"""Of a command that takes none, to say why."""

ClusterOption = Annotated[
    str | None,
    typer.Option(
        metavar="ADDRESS|local:N",
        help="Reach the model from the workers of a Dask cluster, by its scheduler's address or N processes "
        "here; needs value-personas\\[cluster].",
    ),
]


def _without_edge(wide: bool) -> None:
    from value_personas.experiments.progress.console import WIDE

    WIDE.set(wide)


WideOption = Annotated[
    bool,
    typer.Option(
        "--wide", callback=_without_edge, help="Print every column, however narrow the terminal is."
    ),
]
"""Obeyed where a console is made; the command itself need not look at it."""

JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout.")]
TrackingOption = Annotated[
    str | None,
    typer.Option(help="The MLflow store of a run whose folder is gone; the workspace's own if absent."),
]


def all_overrides(
    settings: list[str] | None,
    workspace: Path | None = None,
    max_cost: float | None = None,
    cluster: str | None = None,
) -> list[str]:
    """What the command line overrides, as ``load_recipe`` takes it."""
    return [
        *(settings or []),
        *([f"workspace={workspace}"] if workspace else []),
        *([] if max_cost is None else [f"respondent.max_cost={max_cost!r}"]),
        *([f"respondent.cluster={cluster}"] if cluster else []),
    ]


_NAMED = {
    "{scores}": ("experiments.scoring", "SCORES"),
    "{comparators}": ("experiments.comparators", "COMPARATORS"),
    "{optimizers}": ("experiments.recipe.optimizers", "optimizer_names"),
    "{engines}": ("programs.engines.kinds", "ENGINES"),
    "{parts}": ("programs.personas.kinds", "PARTS"),
}


class NamingCommand(TyperCommand):
    """A command whose help names what is installed, by other distributions too, when it is asked for."""

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """Put names in place of ``{scores}`` and the like; nothing of other distributions is executed."""
        told: list[Any] = [self, *self.params]
        for one in told:
            for place, (room, registry) in _NAMED.items():
                if place in (getattr(one, "help", None) or ""):
                    there = getattr(import_module(f"value_personas.{room}"), registry)
                    names: Any = there() if callable(there) else there
                    one.help = one.help.replace(place, ", ".join(names))
        super().format_help(ctx, formatter)


class _Result(Protocol):
    def to_json(self) -> str: ...


R = TypeVar("R", bound=_Result | Mapping[str, Any])


def give(result: R, show: Callable[[R], None], as_json: bool, then: str) -> None:
    """A command's result on stdout: as one JSON object, or as a person reads it, with what to type next.

    Nothing is next where an error that says what to do follows at once.
    """
    if not as_json:
        show(result)
        if then:
            say(f"{'next':<12} {then}")
    elif isinstance(result, Mapping):
        typer.echo(json.dumps(result, allow_nan=False))  # escapes controls itself
    else:
        typer.echo(result.to_json())


def command_line(
    verb: str,
    recipe: str | None = None,
    settings: Sequence[str] | None = None,
    workspace: Path | None = None,
    *others: str,
    words: Sequence[str] = (),
) -> str:
    """A command as a shell takes it.

    Args:
        verb: the command.
        recipe: as it was typed.
        settings: likewise.
        workspace: likewise.
        others: further settings.
        words: what else stands before the settings.
    """
    words = ["value-personas", verb, *([recipe] if recipe else []), *words]
    words += [word for setting in (*(settings or ()), *others) for word in ("--set", setting)]
    words += ["--workspace", str(workspace)] if workspace else []
    return shlex.join(words)


def page_of(
    loaded: "Recipe", recipe: str | None, settings: Sequence[str] | None, workspace: Path | None
) -> str:
    """The command whose page shows a study of a recipe: the report of its newest run, else to run it first.

    Args:
        loaded: the recipe.
        recipe: as it was typed.
        settings: likewise.
        workspace: likewise.
    """
    from value_personas.experiments.run.stored import find_run
    from value_personas.signatures import StoreError

    try:
        find_run(loaded.workspace / "runs", loaded.name)
    except StoreError:
        return command_line("run", recipe, settings, workspace)
    return command_line("report", loaded.name, None, workspace)


def refuse_batch(batch: str | None, what: str) -> None:
    """Say why there are no request files of what is learnt one step from the other.

    Raises:
        RecipeError: when one was asked for.
    """
    from value_personas.signatures import RecipeError

    if batch is not None:
        raise RecipeError(
            f"--batch: {what} is chosen by the answers to the one before, so it cannot be written down to be "
            "asked later; leave --batch out, or first try a few settings with sweep --batch"
        )


def say(text: str, err: bool = False) -> None:
    """Lines on the terminal, in which nothing that a file or a server named is obeyed."""
    from value_personas.data import visible

    typer.echo(visible(text), err=err)


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
    say(f"wrote {path}", err=True)
