"""How a result looks in a notebook: a title, a table, a figure, and what must be known of them."""

import base64
import html
from collections.abc import Iterable
from pathlib import Path

import pandas as pd

_MOST_ROWS = 20


def card(
    title: str, table: pd.DataFrame | None = None, figure: Path | None = None, notes: Iterable[str] = ()
) -> str:
    """One piece of HTML, in which nothing that was read anywhere acts as markup.

    Args:
        title: set above.
        table: its first rows are shown, figures with three digits, without its index.
        figure: a PNG file, drawn where there is one.
        notes: a line each beneath.
    """
    parts = [f"<div><b>{html.escape(title)}</b></div>"]
    if table is not None:
        shown = table.head(_MOST_ROWS)
        parts.append(
            shown.to_html(index=False, escape=True, border=0, na_rep="–", float_format="{:.3f}".format)
        )
        if len(table) > len(shown):
            parts.append(f"<div>{len(table):,} rows, the first {len(shown)} of them shown</div>")
    if figure is not None and figure.is_file():
        image = base64.b64encode(figure.read_bytes()).decode("ascii")
        shape = f'style="max-width: 100%" alt="{html.escape(title)}"'
        parts.append(f'<img {shape} src="data:image/png;base64,{image}">')
    parts += [f"<div>{html.escape(note)}</div>" for note in notes]
    return f"<div>{''.join(parts)}</div>"
