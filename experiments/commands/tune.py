"""``value-personas tune``: prompts learnt on training countries."""

import json
from typing import Annotated

import typer

from value_personas.experiments.commands.options import (
    ClusterOption,
    JsonOption,
    NoBatchOption,
    SettingsOption,
    WideOption,
    WorkspaceOption,
    all_overrides,
    command_line,
    give,
    refuse_batch,
)


def tune(
    recipe: Annotated[
        str | None, typer.Argument(help="A recipe file or the name of a shipped one; tune if absent.")
    ] = None,
    optimizer: Annotated[str | None, typer.Option(help="One of {optimizers}.")] = None,
    budget_calls: Annotated[int | None, typer.Option(help="Calls of all models together, at most.")] = None,
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    cluster: ClusterOption = None,
    wide: WideOption = False,
    batch: NoBatchOption = None,
    as_json: JsonOption = False,
) -> None:
    """Tune descriptor prompts on training countries; judge them on countries and questions never seen.

    Stopped at any moment, the same command goes on at no repeated cost. A prompt that does not win on
    validation is not kept.
    """
    from value_personas.experiments.commands.printing.tuning import print_tuning
    from value_personas.experiments.progress.terminal import ConsoleReporter
    from value_personas.experiments.recipe.loading import load_recipe
    from value_personas.experiments.tuning.tune import tune as run_tuning

    refuse_batch(batch, "a prompt of a tuning")
    overrides = [
        *all_overrides(settings, workspace, cluster=cluster),
        *([f"tuning.optimizer={optimizer}"] if optimizer else []),
        *([f"tuning.budget_calls={budget_calls}"] if budget_calls is not None else []),
    ]
    loaded = load_recipe(recipe or "tune", overrides)
    with ConsoleReporter() as reporter:
        result = run_tuning(loaded, reporter)
    by_hand = [*(settings or []), *([f"tuning.optimizer={optimizer}"] if optimizer else [])]
    tuned = f"program={json.dumps(result.model)}"
    then = command_line("run", recipe or "tune", by_hand, workspace, tuned)
    if not result.program.improved:
        more = f"tuning.budget_calls={2 * loaded.tuning.budget_calls}"
        then = command_line("tune", recipe or "tune", by_hand, workspace, more)
    give(result, print_tuning, as_json, then)
