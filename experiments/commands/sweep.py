"""``value-personas sweep``: a grid or a list of recipes on one answer store."""

from typing import Annotated

import typer

from value_personas.experiments.commands.options import (
    BatchOption,
    ClusterOption,
    JobsOption,
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


def sweep(
    recipe: Annotated[
        str, typer.Argument(help="A recipe with a [sweep] table, or the name of a shipped one.")
    ],
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    jobs: JobsOption = 2,
    max_cost: MaxCostOption = None,
    yes: YesOption = False,
    cluster: ClusterOption = None,
    batch: BatchOption = None,
    wide: WideOption = False,
    as_json: JsonOption = False,
) -> None:
    """Run every cell that is not done yet; the same command again finishes what is missing.

    No call is paid twice. A cell that fails is recorded with its reason and the rest go on; the exit code is
    then 1.
    """
    from value_personas.experiments.commands.asking import asked, pays_nothing
    from value_personas.experiments.commands.printing.sweep import print_sweep, watched
    from value_personas.experiments.recipe.loading import load_recipe
    from value_personas.experiments.sweep.sweep import sweep as run_sweep

    loaded = load_recipe(recipe, all_overrides(settings, workspace, max_cost, cluster))
    with watched(loaded.respondent, loaded.writer, jobs, yes or pays_nothing(batch)) as how:
        result = asked(lambda: run_sweep(loaded, *how), batch, loaded, as_json)
    give(result, print_sweep, as_json, command_line("report", str(result.family.folder)))
    if result.family.failed:
        raise typer.Exit(1)
