"""An audit on the terminal."""

import math

from rich.table import Table
from rich.text import Text

from value_personas.experiments.audit.result import AuditResult
from value_personas.experiments.commands.printing.console import print_places, print_remarks
from value_personas.experiments.progress.console import plain_console

_COLUMNS = {
    "recovery_error": "recovery\nerror",
    "right": "right\nanswer",
    "monotone": "monotone\nitems",
    "wording_spread": "wording\nspread",
    "spill_over": "spill-\nover",
    "human_movement": "among\npeople",
    "excess_spill_over": "excess\nspill-over",
}


def print_audit(result: AuditResult) -> None:
    """One row a kind of statement, and where everything lies."""
    console = plain_console()
    caption = "errors, spreads and movements as shares of the scale; excess: beyond what holds among people"
    table = Table(caption=caption, box=None, padding=(0, 1, 0, 0), pad_edge=False)
    table.add_column("statement", no_wrap=True)
    for heading in _COLUMNS.values():
        table.add_column(heading, justify="right", no_wrap=True)
    for row in result.summary.to_dict("records"):
        table.add_row(row["statement"], *(_number(row[name]) for name in _COLUMNS))
    console.print(Text(result.title))
    console.print(table)
    print_remarks(console, result.synthetic, result.notes)
    print_places(console, result.folder, result.mlflow_run_id)


def _number(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:.3f}"
