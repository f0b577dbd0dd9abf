"""``value-personas run``: the main job."""

import shlex
from typing import TYPE_CHECKING, Annotated

import typer

from value_personas.experiments.commands.options import (
    BatchOption,
    ClusterOption,
    JsonOption,
    MaxCostOption,
    RecipeArgument,
    SettingsOption,
    WideOption,
    WorkspaceOption,
    YesOption,
    all_overrides,
    command_line,
    give,
    say,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from value_personas.experiments.fieldwork.rehearsal import Estimate
    from value_personas.signatures import MissingReason


def run(
    recipe: RecipeArgument = None,
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    max_cost: MaxCostOption = None,
    yes: YesOption = False,
    estimate: Annotated[
        bool, typer.Option("--estimate", help="Say what the run would take, and ask no model.")
    ] = False,
    ask_again: Annotated[
        list[str] | None,
        typer.Option(
            "--ask-again", help="Ask anew what the store holds as missing for this REASON; may be repeated."
        ),
    ] = None,
    interval_from: Annotated[
        str | None,
        typer.Option(
            metavar="RUN",
            help="The judged run whose errors make this run's intervals; needed where nobody was asked.",
        ),
    ] = None,
    cluster: ClusterOption = None,
    batch: BatchOption = None,
    wide: WideOption = False,
    as_json: JsonOption = False,
) -> None:
    """Read a survey, ask the model as every sampled persona, and score the prediction."""
    from functools import partial

    from value_personas.experiments.commands.approval import approval_of
    from value_personas.experiments.commands.asking import asked, pays_nothing
    from value_personas.experiments.commands.printing.run import print_result
    from value_personas.experiments.progress.terminal import ConsoleReporter
    from value_personas.experiments.recipe.loading import load_recipe
    from value_personas.experiments.run.pipeline import run as run_recipe

    again = _reasons(ask_again or ())
    source = [f"scoring.interval_from={interval_from}"] if interval_from else []
    loaded = load_recipe(recipe, [*all_overrides(settings, workspace, max_cost, cluster), *source])
    then = command_line("run", recipe, settings, workspace)
    with ConsoleReporter() as reporter:
        approve = approval_of(loaded.respondent, loaded.writer, yes or pays_nothing(batch), reporter)
        shown = _only_show(as_json, then) if estimate else approve
        job = partial(run_recipe, loaded, reporter, shown, again)
        result = asked(job, batch, loaded, as_json, reporter.note, reporter.again)
    give(result, print_result, as_json, shlex.join(["value-personas", "report", str(result.folder)]))
    if result.nothing:
        say(f"value-personas: {result.nothing}", err=True)
        raise typer.Exit(1)


def _reasons(names: "Sequence[str]") -> "tuple[MissingReason, ...]":
    """Reasons by their names.

    Raises:
        RecipeError: for one that is none.
    """
    from value_personas.signatures import MissingReason, RecipeError

    known = [reason.value for reason in MissingReason]
    if unknown := [name for name in names if name not in known]:
        raise RecipeError(f"--ask-again: {unknown[0]!r} is no reason; there are {', '.join(known)}")
    return tuple(MissingReason(name) for name in names)


def _only_show(as_json: bool, then: str) -> "Callable[[Estimate], None]":
    """Print the first estimate and end the command."""

    def show(estimate: "Estimate") -> None:
        give(estimate.as_dict(), lambda _: say(str(estimate)), as_json, then)
        raise typer.Exit

    return show
