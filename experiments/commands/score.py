"""``value-personas score``: predictions made elsewhere, judged like a run."""

import json
import shlex
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from value_personas.experiments.commands.options import (
    JsonOption,
    SettingsOption,
    WideOption,
    WorkspaceOption,
    all_overrides,
    command_line,
    give,
    say,
)

if TYPE_CHECKING:
    from value_personas.experiments.run.result import RunResult


def score(
    predictions: Annotated[
        list[Path], typer.Argument(help="Tables of predictions: distributions, or single answers.")
    ],
    survey: Annotated[
        list[Path], typer.Option(help="The survey file, or a table of published shares; repeatable.")
    ],
    codebook: Annotated[
        str | None, typer.Option(help="A codebook's name or TOML file; recognised if absent.")
    ] = None,
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    wide: WideOption = False,
    as_json: JsonOption = False,
) -> None:
    """Judge predictions made elsewhere against a survey, by the table, floor and intervals of a run.

    A table has the columns method, country, question, and option with share, or answer with persona.
    Result tables of EDSL, inspect_ai, QSTN and WorldValuesBench are recognised. A recipe's
    comparators.names ({comparators}) stand beside them: --set 'comparators.names=["training-mean"]'.
    The outcome is a run: report, calibrate and rerun take it.
    """
    from value_personas.experiments.commands.printing.run import print_result
    from value_personas.experiments.progress.terminal import ConsoleReporter
    from value_personas.experiments.run.pipeline import run
    from value_personas.experiments.run.score import scoring_recipe, scoring_settings

    recipe = scoring_recipe(predictions, survey, codebook, all_overrides(settings, workspace))
    with ConsoleReporter() as reporter:
        result = run(recipe, reporter)
    told = [*scoring_settings(predictions, survey, codebook), *(settings or ())]
    method = f"calibration.search.method={json.dumps(next(iter(result.missing)), ensure_ascii=False)}"

    def show(judged: "RunResult") -> None:
        print_result(judged)
        if judged.scores["country"].nunique() > 1:  # there is another country to be judged on
            say(f"{'calibrate':<12} {command_line('calibrate', 'wvs', told, workspace, method)}")

    give(result, show, as_json, shlex.join(["value-personas", "report", str(result.folder)]))
