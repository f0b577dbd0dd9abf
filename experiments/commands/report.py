"""``value-personas report``: a run as a page to read, and its figures for a paper."""

import re
from pathlib import Path
from typing import Annotated

import typer

from value_personas.experiments.commands.options import JsonOption, command_line, give, say

_INCHES = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "": 1.0}
_NARROWEST, _WIDEST = 3.0, 14.0


def inches(text: str) -> float:
    """A length in print, as inches: ``3.5in``, ``89mm``, ``18 cm``, or a number alone."""
    told = re.fullmatch(r"\s*(\d+(?:\.\d*)?)\s*(in|cm|mm|)\s*", text)
    if not told or not _NARROWEST <= (found := float(told[1]) * _INCHES[told[2]]) <= _WIDEST:
        raise typer.BadParameter(
            f"a length from {_NARROWEST:g}in to {_WIDEST:g}in, like 3.5in or 89mm, got {text}"
        )
    return found


_USUAL = Path(".value-personas")


def report(
    run: Annotated[
        str | None,
        typer.Argument(
            help="A run's folder, its name, a recipe's name or an MLflow run id; the newest if absent. Or "
            "the name of a sweep or an ablation, or the folder of any study."
        ),
    ] = None,
    to: Annotated[
        Path | None, typer.Option(help="Where it is written; the run's own folder if absent.")
    ] = None,
    shapley: Annotated[
        Path | None, typer.Option(help="A folder of Shapley values; the recipe's newest if absent.")
    ] = None,
    kinds: Annotated[
        str | None,
        typer.Option(
            help="Methods whose rows tables and figures show, in this order: none,country,values-hedged. "
            "All if absent."
        ),
    ] = None,
    width: Annotated[
        float,
        typer.Option(
            parser=inches,
            metavar="LENGTH",
            help="How wide a figure may be in print, 3.5in for a journal's column; in, cm or mm.",
        ),
    ] = "7in",  # type: ignore[assignment]
    workspace: Annotated[Path, typer.Option(help="The folder of everything kept.")] = _USUAL,
    as_json: JsonOption = False,
) -> None:
    """Write report.html, one page by itself, its figures, and its tables for LaTeX and Word."""
    from value_personas.experiments.report import report as write

    written = write(
        run, to, workspace=workspace, shapley=shapley, kinds=kinds.split(",") if kinds else (), width=width
    )
    page, figures = written.page, [str(path) for path in written.figures]
    said = f"{written.title}\nreport       {page}\nfigures      {page.parent / 'figures'}"
    said += f"\ntables       {page.parent / 'tables'}\nreferences   {page.parent / 'references.bib'}"
    paper = [str(path) for path in written.paper]
    files = {"title": written.title, "report": str(page), "figures": figures, "paper": paper}
    elsewhere = None if workspace == _USUAL else workspace
    export = f"{command_line('export', run, None, elsewhere)} --to simulated.sav"
    then = export if written.run else f"open {page} in a browser"
    give(files, lambda _: say(said), as_json, then)
