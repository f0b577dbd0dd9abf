"""``value-personas rerun``: does a recorded run come out the same?"""

from typing import TYPE_CHECKING

import typer

from value_personas.experiments.commands.options import (
    JsonOption,
    MaxCostOption,
    RunArgument,
    SettingsOption,
    TrackingOption,
    WorkspaceOption,
    YesOption,
    all_overrides,
    command_line,
    give,
    say,
)

if TYPE_CHECKING:
    from value_personas.experiments.run.agreement import Agreement
    from value_personas.experiments.run.rerun import Circumstance, Rerun


def rerun(
    run: RunArgument = None,
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    tracking_uri: TrackingOption = None,
    max_cost: MaxCostOption = None,
    yes: YesOption = False,
    as_json: JsonOption = False,
) -> None:
    """Repeat a run from its record alone, and say whether its numbers agree.

    Answers come from the store as far as it has them. Exit code 0 when every number is the same to the last
    digit, 1 when one differs. A survey file that moved: --set survey.path=FILE.
    """
    from value_personas.experiments.commands.approval import approval_of
    from value_personas.experiments.progress.terminal import ConsoleReporter
    from value_personas.experiments.run.rerun import rerun as run_again

    with ConsoleReporter() as reporter:
        found = run_again(
            run,
            workspace=workspace,
            settings=all_overrides(settings, max_cost=max_cost),
            tracking_uri=tracking_uri,
            progress=reporter,
            approval=lambda recipe: approval_of(recipe.respondent, recipe.writer, yes, reporter),
        )
    then = command_line("report", run or found.run, None, workspace)
    give(found.as_dict(), lambda _: say(_page(found)), as_json, then)
    raise typer.Exit(0 if found.agrees else 1)


def _page(found: "Rerun") -> str:
    """The verdict first, then what it rests on."""
    verdict = "agrees to the last digit" if found.agrees else "DIFFERS"
    lines = [found.title, f"{found.run}: {verdict}"]
    lines += [f"  set anew               {setting}" for setting in found.changed]
    lines += [f"  {c.name:<22} {_then_and_now(c)}" for c in found.circumstances]
    lines += [f"  {table.table:<22} {_difference(table)}" for table in found.tables]
    lines.append(f"  calls made anew        {found.calls}")
    return "\n".join(lines)


def _then_and_now(one: "Circumstance") -> str:
    if one.is_same:
        return "same"
    return f"{'not recorded' if one.is_same is None else one.then} → {one.now}"


def _difference(table: "Agreement") -> str:
    if table.is_exact:
        return f"{table.values} values, all equal"
    parts = [f"{table.differing} of {table.values} values differ"]
    if table.differing:
        parts.append(f"by {table.largest:.3g} at most: {table.where}")
    if table.absent:
        parts.append(f"{table.absent} rows or columns on one side only")
    return ", ".join(parts)
