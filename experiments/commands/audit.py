"""``value-personas audit``: what descriptors tell a reader."""

from value_personas.experiments.commands.options import (
    BatchOption,
    ClusterOption,
    JsonOption,
    RecipeArgument,
    SettingsOption,
    WideOption,
    WorkspaceOption,
    all_overrides,
    give,
    page_of,
)


def audit(
    recipe: RecipeArgument = None,
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    cluster: ClusterOption = None,
    batch: BatchOption = None,
    wide: WideOption = False,
    as_json: JsonOption = False,
) -> None:
    """Judge descriptors: which answer a reader recovers, and what else a reader infers.

    A judge model (audit.judge, else the respondent) reads one descriptor at a time and answers every item.
    Its movements are set beside those of real respondents of the training countries.
    """
    from functools import partial

    from value_personas.experiments.audit import run_audit
    from value_personas.experiments.commands.asking import asked
    from value_personas.experiments.commands.printing.audit import print_audit
    from value_personas.experiments.progress.terminal import ConsoleReporter
    from value_personas.experiments.recipe.loading import load_recipe

    loaded = load_recipe(recipe, all_overrides(settings, workspace, cluster=cluster))
    with ConsoleReporter() as reporter:
        job = partial(run_audit, loaded, reporter)
        result = asked(job, batch, loaded, as_json, reporter.note, reporter.again)
    give(result, print_audit, as_json, page_of(loaded, recipe, settings, workspace))
