"""``value-personas shapley``: what each value item does to the error."""

from typing import Annotated

import typer

from value_personas.experiments.commands.options import (
    BatchOption,
    ClusterOption,
    JsonOption,
    MaxCostOption,
    SettingsOption,
    WideOption,
    WorkspaceOption,
    YesOption,
    all_overrides,
    command_line,
    give,
)


def shapley(
    recipe: Annotated[
        str | None, typer.Argument(help="A recipe file or the name of a shipped one; shapley if absent.")
    ] = None,
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    budget_calls: Annotated[int | None, typer.Option(help="Calls in all, at most.", min=1)] = None,
    max_cost: MaxCostOption = None,
    yes: YesOption = False,
    cluster: ClusterOption = None,
    batch: BatchOption = None,
    wide: WideOption = False,
    as_json: JsonOption = False,
) -> None:
    """Share out among value items what their personas change in the error, country by country.

    Coalitions of items are asked within a budget that is stated before the first call; what is stored is not
    asked again. Stopped at any moment, the same command goes on.
    """
    from functools import partial

    from value_personas.experiments.commands.approval import approval_of
    from value_personas.experiments.commands.asking import asked, pays_nothing
    from value_personas.experiments.commands.printing.shapley import print_shapley
    from value_personas.experiments.progress.terminal import ConsoleReporter
    from value_personas.experiments.recipe.loading import load_recipe
    from value_personas.experiments.shapley.shapley import shapley as share_out

    overrides = all_overrides(settings, workspace, max_cost, cluster)
    overrides += [] if budget_calls is None else [f"shapley.budget_calls={budget_calls}"]
    loaded = load_recipe(recipe or "shapley", overrides)
    with ConsoleReporter() as reporter:
        approve = approval_of(loaded.respondent, loaded.writer, yes or pays_nothing(batch), reporter)
        job = partial(share_out, loaded, reporter, approve)
        result = asked(job, batch, loaded, as_json, reporter.note, reporter.again)
    give(result, print_shapley, as_json, command_line("report", str(result.folder)))
