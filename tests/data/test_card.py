"""What a notebook shows: rows and figures told, and no text of a file acting as markup."""

import base64
from pathlib import Path

import pandas as pd

from value_personas.data import card


def test_nothing_that_was_read_acts_as_markup() -> None:
    table = pd.DataFrame({"<b>": ["<script>alert(1)</script>"], "mean": [0.123456]})
    shown = card("<i>WVS</i>", table, notes=["<u>a</u>"])
    for mark in ("<script", "<b><", "<i>", "<u>"):
        assert mark not in shown
    assert "&lt;script&gt;" in shown
    assert "0.123<" in shown


def test_a_long_table_says_what_is_left_out() -> None:
    shown = card("many", pd.DataFrame({"row": range(1234)}))
    assert "1,234 rows, the first 20 of them shown" in shown
    assert "<td>19</td>" in shown
    assert "<td>20</td>" not in shown


def test_a_figure_is_drawn_where_there_is_one(tmp_path: Path) -> None:
    file = tmp_path / "figure.png"
    assert "<img" not in card("none", figure=file)
    file.write_bytes(b"\x89PNG of a kind")
    assert base64.b64encode(file.read_bytes()).decode() in card("one", figure=file)
