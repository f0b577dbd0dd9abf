"""A plan on the terminal."""

from rich.table import Table
from rich.text import Text

from value_personas.experiments.fieldwork.rehearsal import Estimate
from value_personas.experiments.progress.console import plain_console
from value_personas.experiments.sweep.plan import Plan


def print_plan(plan: Plan) -> None:
    """A line for each cell, their sum, and what had to be assumed."""
    console = plain_console()
    table = Table(title=plan.name, box=None, padding=(0, 2, 0, 0), pad_edge=False)
    table.add_column("cell", overflow="fold")
    for heading in ("calls to pay for", "answered already", "tokens read", "tokens written", "cost"):
        table.add_column(heading.replace(" ", "\n", 1), justify="right", no_wrap=True)
    for one in plan.cells:
        table.add_row(Text(one.cell.label), *_figures(one.estimate))
    if len(plan.cells) > 1:
        table.add_row()
        table.add_row(f"all {len(plan.cells)} cells", *_figures(plan.total))
    console.print(table)
    if plan.total.cost_in_batches is not None:
        console.print(Text(f"cost in batches (--batch): {plan.total.cost_in_batches:,.2f}"))
    for assumption in plan.total.assumptions:
        console.print(Text(f"assumed: {assumption}"))
    console.print(Text(f"time: {_duration(plan)}"))


def _figures(estimate: Estimate) -> tuple[str, ...]:
    cost = "–" if estimate.cost is None else f"{estimate.cost:,.2f}"
    numbers = (estimate.calls, estimate.stored, estimate.input_tokens, estimate.output_tokens)
    return (*(f"{number:,}" for number in numbers), cost)


def _duration(plan: Plan) -> str:
    if not plan.total.calls:
        return "nothing is left to ask"
    if plan.seconds is None:
        return "not known: no stored reply of this model tells its time, and no limit per minute is set"
    hours, minutes = divmod(round(plan.seconds / 60), 60)
    told = f"{hours} h {minutes} min" if hours else f"{minutes} min" if minutes else "less than a minute"
    return f"about {told} for the calls"
