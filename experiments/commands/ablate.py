"""``value-personas ablate``: what each part of the method is worth."""

from typing import Annotated, Literal

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


def ablate(
    recipe: Annotated[
        str, typer.Argument(help="A recipe file or the name of a shipped one; ablation if absent.")
    ] = "ablation",
    design: Annotated[
        Literal["one-at-a-time", "factorial"] | None, typer.Option(help="As the recipe says if absent.")
    ] = None,
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
    """Take parts away one at a time, or in every combination, and test each against the base.

    Paired differences with intervals and Holm-adjusted p-values, a table and a forest plot. Stopped at any
    moment, the same command finishes what is missing.
    """
    from value_personas.experiments.ablation.ablate import ablate as run_ablation
    from value_personas.experiments.commands.asking import asked, pays_nothing
    from value_personas.experiments.commands.printing.ablation import print_ablation
    from value_personas.experiments.commands.printing.sweep import watched
    from value_personas.experiments.recipe.loading import load_recipe

    overrides = all_overrides(settings, workspace, max_cost, cluster)
    loaded = load_recipe(recipe, [*overrides, *([f"ablation.design={design}"] if design else [])])
    with watched(loaded.respondent, loaded.writer, jobs, yes or pays_nothing(batch)) as how:
        result = asked(lambda: run_ablation(loaded, *how), batch, loaded, as_json)
    give(result, print_ablation, as_json, command_line("report", str(result.family.folder)))
    if result.missing:
        raise typer.Exit(1)
