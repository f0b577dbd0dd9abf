"""``value-personas survey``: what is in a survey file."""

import json
from pathlib import Path
from typing import Annotated

import typer

from value_personas.experiments.commands.options import (
    JsonOption,
    WorkspaceOption,
    command_line,
    give,
    write_text,
)

_OF_WVS = "inglehart-welzel"
"""The instrument that the recipe ``wvs`` names."""


def survey(  # each parameter is an option of the command
    file: Annotated[
        list[Path], typer.Argument(help="One survey file, or several that join into one survey.")
    ],
    as_json: JsonOption = False,
    html: Annotated[Path | None, typer.Option(help="Write the page to this HTML file.")] = None,
    draft_codebook: Annotated[
        Path | None, typer.Option(help="Write a first draft of a codebook to this TOML file, and stop.")
    ] = None,
    items: Annotated[
        list[str] | None,
        typer.Option(
            "--items", help="With --draft-codebook: this question is a value item of your own; repeatable."
        ),
    ] = None,
    codebook: Annotated[
        str | None,
        typer.Option(help="A codebook's name or TOML file; recognised from the columns if absent."),
    ] = None,
    country: Annotated[list[str] | None, typer.Option(help="Only this country; repeatable.")] = None,
    reverse: Annotated[
        list[str] | None, typer.Option(help="Read this item or question from the other end; repeatable.")
    ] = None,
    accept: Annotated[
        list[str] | None, typer.Option(help="This item looks reversed and is right as it is; repeatable.")
    ] = None,
    weight: Annotated[
        str, typer.Option(help="within-country, equal-country, population or unweighted.")
    ] = "within-country",
    instrument: Annotated[
        str | None, typer.Option(help="An instrument's name or TOML file, whose items are looked for.")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="The encoding of the file's texts.")] = None,
    country_is: Annotated[
        str | None, typer.Option(help="The country of all respondents, where no column tells it.")
    ] = None,
    wave: Annotated[
        list[str] | None,
        typer.Option(
            help="Only this wave or year; repeatable; all pools them. Each country's latest if absent."
        ),
    ] = None,
    workspace: WorkspaceOption = None,
) -> None:
    """Show countries, value items, scales, direction checks, missing answers and weights of a survey file.

    The exit code is 2 when an item seems stored the other way round and neither --reverse nor --accept
    settles it. The columns that were read are kept in the workspace, so that the next look takes a moment.
    """
    from value_personas.data import read_survey
    from value_personas.experiments.commands.printing.survey import print_facts
    from value_personas.experiments.report.survey import gather_facts, render_html
    from value_personas.signatures import SurveyError

    _check_targets(html, draft_codebook, file)
    if draft_codebook is not None:
        _write_draft(file[0], draft_codebook, encoding, country_is, items or [])
        return
    facts = gather_facts(
        read_survey(
            file,
            codebook=codebook,
            countries=country or None,
            weight=weight,
            reverse=tuple(reverse or ()),
            accept=tuple(accept or ()),
            encoding=encoding,
            cache=_columns(workspace),
            instrument=instrument if instrument and instrument.endswith(".toml") else None,
            country_is=country_is,
            waves=wave or None,
        ),
        instrument,
    )
    if html is not None:
        write_text(html, render_html(facts))
    read_as = {
        "path": [str(one) for one in file] if len(file) > 1 else str(file[0]),
        "codebook": codebook,
        "countries": country,
        "weight": None if weight == "within-country" else weight,
        "reverse": reverse,
        "accept": accept,
        "encoding": encoding,
        "country_is": country_is,
        "waves": wave,
    }
    told = [f"survey.{key}={_typed(value)}" for key, value in read_as.items() if value]
    if facts.items and facts.instrument_name != _OF_WVS:
        told.append(f"profiles.instrument={facts.instrument_name}")
    then = _next(codebook, told, workspace, bool(facts.items))
    give(facts, print_facts, as_json, "" if facts.stopped_by else then)
    if facts.stopped_by:
        raise SurveyError(facts.stopped_by)


def _typed(value: str | list[str]) -> str:
    """A setting's value behind its ``=``; text as it stands, since a recipe's reader takes it so."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _next(codebook: str | None, told: list[str], workspace: Path | None, has_items: bool) -> str:
    """What runs on the survey as it was read: the recipe drafted with its codebook, else ``wvs``."""
    drafted = _recipe_beside(Path(codebook)) if codebook and codebook.endswith(".toml") else None
    if drafted is not None and drafted.is_file():
        return command_line("run", str(drafted), told, workspace)
    told = [*told, "profiles.n=40"]
    if not has_items:  # personas of values, and what is calibrated of them, need value items
        told += ['personas=["none", "country"]', "calibration.kinds=[]"]
    return command_line("run", "wvs", told, workspace)


def _recipe_beside(codebook: Path) -> Path:
    return codebook.with_name(f"{codebook.stem}-recipe.toml")


def _write_draft(
    file: Path, target: Path, encoding: str | None, country_is: str | None, items: list[str]
) -> None:
    """The draft and a recipe that runs by it; where questions are to be value items, their instrument too."""
    from value_personas.data import draft_instrument, draft_survey
    from value_personas.experiments.commands.options import say
    from value_personas.signatures import SurveyError

    draft = draft_survey(file, encoding, country_is)
    beside = target.with_name(f"{target.stem}-instrument.toml")
    recipe = _recipe_beside(target)
    for other in (recipe, *([beside] if items else [])):
        if other.is_file() and other.stat().st_size:
            raise SurveyError(f"{other}: exists already; move it, or delete it first")
    text = draft.codebook
    if items:
        text, instrument = draft_instrument(text, items, beside.name)
        write_text(beside, instrument)
    write_text(target, text)
    write_text(recipe, draft.recipe(file, target, beside.name if items else None, items))
    if not draft.country:
        say(f'no column tells the country: fill in country_is = "NZL" in the [design] of {target}', err=True)
    if draft.unordered:
        these = ", ".join(draft.unordered[:5]) + (" …" if len(draft.unordered) > 5 else "")
        say(f"no order is told of the answers to {these}: put them in order in {target}", err=True)
    if draft.nominal:
        say(
            f'a run scores ordered answers alone: then write topic = "other" for "nominal" in {target}',
            err=True,
        )
    say(f"look at {target}, then: {command_line('run', str(recipe))}", err=True)


def _columns(workspace: Path | None) -> Path | None:
    """Where columns are kept; nowhere if no folder was named and none can be made here."""
    from value_personas.experiments.workspace.folders import Workspace
    from value_personas.signatures import StoreError

    try:
        return Workspace.open(workspace or Path(".value-personas")).columns
    except StoreError:
        if workspace is not None:
            raise
        return None


def _check_targets(html: Path | None, draft: Path | None, files: list[Path]) -> None:
    """Refuse to write over data, or over a codebook that somebody may have worked on."""
    from value_personas.signatures import SurveyError

    if html is not None and html.suffix.lower() not in (".html", ".htm"):
        raise SurveyError(f"--html {html}: expected a file that ends in .html")
    if draft is None:
        return
    if draft.suffix.lower() != ".toml":
        raise SurveyError(f"--draft-codebook {draft}: expected a file that ends in .toml")
    if draft.is_file() and draft.stat().st_size:
        raise SurveyError(f"--draft-codebook {draft}: exists already; name another, or delete it first")
    if len(files) > 1:
        raise SurveyError("--draft-codebook drafts from one survey file; name one")
