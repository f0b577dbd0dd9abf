"""Personas on the terminal: the very text that the model sees, and what it was made from."""

from rich.table import Table
from rich.text import Text

from value_personas.experiments.progress.console import plain_console
from value_personas.experiments.report.personas.inspect import InspectedPersona, Inspection


def print_inspection(inspection: Inspection) -> None:
    """One block a persona. Everything is printed as plain text, never as markup."""
    console = plain_console()
    console.print(Text(f"{inspection.title} · {len(inspection.personas)} of {inspection.of} personas"))
    for number, persona in enumerate(inspection.personas, start=1):
        console.rule(Text(f"{number} · weight {persona.weight:.4f}"))
        console.print(Text(persona.system, style="dim"))
        console.print()
        console.print(Text(persona.user))
        if persona.source:
            console.print()
            console.print(_source(persona))


def _source(persona: InspectedPersona) -> Table:
    table = Table(title="made from", box=None, title_justify="left", padding=(0, 1, 0, 0), pad_edge=False)
    for heading in ("item", "asks", "answer"):
        table.add_column(heading, no_wrap=heading == "item")
    for line in persona.source:
        table.add_row(Text(line.item), Text(line.text), Text(line.answer))
    return table
