"""``value-personas glossary``: what the words and the scores mean."""

from typing import Annotated

import typer

from value_personas.experiments.commands.options import JsonOption, give


def glossary(
    word: Annotated[str | None, typer.Argument(help="Only terms in which this stands.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Explain every house word, score, persona kind and comparator, each score with formula and direction."""
    from rich.table import Table

    from value_personas.experiments.progress.console import plain_console
    from value_personas.experiments.report.glossary import glossary as every_term
    from value_personas.signatures import RecipeError

    terms = {name: text for name, text in every_term().items() if (word or "").casefold() in name.casefold()}
    if not terms:
        raise RecipeError(f"glossary: no term in which {word!r} stands; without a word it lists all")
    table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
    for name, text in terms.items():
        table.add_row(name, text)
    give(terms, lambda _: plain_console().print(table), as_json, "value-personas recipes")
