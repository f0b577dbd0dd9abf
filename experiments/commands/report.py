"""``value-personas report``: a run as a page to read, and its figures for a paper."""

from pathlib import Path
from typing import Annotated

import typer

from value_personas.experiments.commands.options import JsonOption, give, say

__all__ = ["report"]


def report(
    run: Annotated[
        str | None,
        typer.Argument(
            help="A run's folder, its name, a recipe's name or an MLflow run id; the newest if absent."
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="Where it is written; the run's own folder if absent.")
    ] = None,
    shapley: Annotated[
        Path | None, typer.Option(help="A folder of Shapley values; the recipe's newest if absent.")
    ] = None,
    workspace: Annotated[Path, typer.Option(help="The folder of everything kept.")] = Path(".value-personas"),
    as_json: JsonOption = False,
) -> None:
    """Write report.html, one page by itself, its figures, and its tables for LaTeX and Word."""
    from value_personas.experiments.report import report as write

    written = write(run, to, workspace=workspace, shapley=shapley)
    page, figures = written.page, [str(path) for path in written.figures]
    said = f"{written.title}\nreport       {page}\nfigures      {page.parent / 'figures'}"
    said += f"\ntables       {page.parent / 'tables'}\nreferences   {page.parent / 'references.bib'}"
    paper = [str(path) for path in written.paper]
    files = {"title": written.title, "report": str(page), "figures": figures, "paper": paper}
    give(files, lambda _: say(said), as_json, "value-personas export --to simulated.sav")
