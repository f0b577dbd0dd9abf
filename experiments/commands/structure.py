"""``value-personas structure``: whether simulated people resemble people one by one."""

import shlex
from typing import Annotated

import typer

from value_personas.experiments.commands.options import (
    JsonOption,
    RunArgument,
    TrackingOption,
    WideOption,
    WorkspaceOption,
    give,
)


def structure(
    run: RunArgument = None,
    meanings: Annotated[
        bool, typer.Option("--meanings", help="Say beneath the table what each measure is.")
    ] = False,
    workspace: WorkspaceOption = None,
    tracking_uri: TrackingOption = None,
    wide: WideOption = False,
    as_json: JsonOption = False,
) -> None:
    """Print how far persons resemble people one by one within countries, beside people and halves of them.

    Correlations between questions, the first component, regression coefficients, contrasts by sex, age and
    education, and each respondent's own answer, as a run measured them.
    """
    from value_personas.experiments.commands.printing.structure import print_structure
    from value_personas.experiments.run.rerun import workspace_of
    from value_personas.experiments.run.stored import read_run, recorded_run
    from value_personas.experiments.run.tables import has_table, read_run_table
    from value_personas.experiments.workspace.folders import Workspace
    from value_personas.experiments.workspace.json_file import rows_of
    from value_personas.signatures import StoreError

    with recorded_run(Workspace.at(workspace_of(run, workspace)), run, tracking_uri) as folder:
        found = read_run(folder)
        if not has_table(folder, "structure"):
            from value_personas.experiments.evaluation.structure import FEWEST

            raise StoreError(
                f"{folder}: holds no structure: it takes a persona kind that tells persons apart, "
                f"{FEWEST} personas (profiles.n) and {2 * FEWEST} respondents a country "
                "who answered the questions; a run of 0.1.0 has "
                "none, and value-personas run makes it from stored answers at no cost"
            )
        table = read_run_table(folder, "structure")
    rows = [
        {name: None if value != value else value for name, value in row.items()} for row in rows_of(table)
    ]
    level = found.recipe.scoring.level
    told = {"title": found.title, "level": level, "structure": rows, "folder": str(found.folder)}
    then = shlex.join(["value-personas", "report", str(found.folder)])
    give(told, lambda _: print_structure(found.title, table, level, meanings), as_json, then)
