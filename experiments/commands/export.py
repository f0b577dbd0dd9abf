"""``value-personas export``: a run's simulated answers as a data file."""

from pathlib import Path
from typing import Annotated

import typer

from value_personas.experiments.commands.options import RunArgument, TrackingOption, WorkspaceOption, say


def export(
    to: Annotated[Path, typer.Option(help="The file to write: .sav, .dta, .parquet or .csv.")],
    run: RunArgument = None,
    kind: Annotated[
        list[str] | None, typer.Option(help="A persona kind of the run; repeatable, all if absent.")
    ] = None,
    calibrated: Annotated[
        bool | None,
        typer.Option("--calibrated/--uncalibrated", help="Only these answers; both if absent."),
    ] = None,
    draws: Annotated[int, typer.Option(help="Rows a persona, which share its weight.", min=1, max=1000)] = 1,
    seed: Annotated[int | None, typer.Option(help="Of the draws; the recipe's if absent.", min=0)] = None,
    without_profiles: Annotated[
        bool, typer.Option("--without-profiles", help="Leave out the drawn respondents' value items.")
    ] = False,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a file that is there.")] = False,
    workspace: WorkspaceOption = None,
    tracking_uri: TrackingOption = None,
) -> None:
    """Write simulated answers with labels and weights, to open in SPSS, Stata and R beside the real survey.

    One row a persona and draw; answers are drawn from its distribution. Beside .parquet and .csv a second
    file, NAME-tidy, holds the probabilities, a third, NAME-estimates, each prediction with its interval. With
    profiles the file holds respondents' answers on the value
    items: it stands under the survey's licence.
    """
    from value_personas.experiments import export as package
    from value_personas.experiments.export import ExportOptions, export_run
    from value_personas.experiments.run.rerun import workspace_of
    from value_personas.experiments.run.stored import recorded_run
    from value_personas.experiments.workspace.folders import Workspace

    options = ExportOptions(tuple(kind or ()), calibrated, draws, seed, not without_profiles, overwrite)
    with recorded_run(Workspace.at(workspace_of(run, workspace)), run, tracking_uri) as folder:
        found = export_run(folder, to, options)
    for path, rows in found.files.items():
        say(f"{path}  {rows} rows")
    say(f"methods: {', '.join(found.methods)}")
    for note in found.notes:
        say(f"note: {note}")
    columns = Path(package.__file__).resolve().with_name("README.md")
    say(f"{'next':<12} open {to} beside the real survey; what each column is: {columns}")
