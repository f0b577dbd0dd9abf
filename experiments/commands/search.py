"""``value-personas search``: settings of the whole recipe, searched by Optuna."""

import json

import typer

from value_personas.experiments.commands.options import (
    ClusterOption,
    JobsOption,
    JsonOption,
    MaxCostOption,
    NoBatchOption,
    SettingsOption,
    WideOption,
    WorkspaceOption,
    YesOption,
    all_overrides,
    command_line,
    give,
    refuse_batch,
)


def search(
    recipe: str = typer.Argument("search", help="A recipe with a [search] table; search if absent."),
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    jobs: JobsOption = 1,
    max_cost: MaxCostOption = None,
    yes: YesOption = False,
    cluster: ClusterOption = None,
    batch: NoBatchOption = None,
    wide: WideOption = False,
    as_json: JsonOption = False,
) -> None:
    """Search any settings of a recipe on training countries; judge the best once on countries never seen.

    Poor settings are stopped after a few folds. Stopped at any moment, the same command goes on and pays for
    no answer twice; several may run at once. A setting that does not win in training is not taken.
    """
    from value_personas.experiments.commands.approval import approval_of
    from value_personas.experiments.commands.printing.search import print_search
    from value_personas.experiments.progress.terminal import ConsoleReporter
    from value_personas.experiments.recipe.loading import load_recipe
    from value_personas.experiments.search import search as run_search

    refuse_batch(batch, "a setting of a search")
    loaded = load_recipe(recipe, all_overrides(settings, workspace, max_cost, cluster))
    with ConsoleReporter() as reporter:
        approve = approval_of(loaded.respondent, loaded.writer, yes, reporter)
        result = run_search(loaded, reporter, approve, jobs=jobs)
    best = [f"{key}={json.dumps(value, ensure_ascii=False)}" for key, value in result.best.items()]
    give(result, print_search, as_json, command_line("run", recipe, settings, workspace, *best))
