"""Tables on terminals of any width."""

import io
import re
from itertools import product

import pandas as pd
import pytest

from value_personas.experiments.commands.printing.fitting import in_lines
from value_personas.experiments.commands.printing.run import score_table
from value_personas.experiments.progress.console import WIDE, plain_console
from value_personas.experiments.scoring import headline_scores

METHODS = ("none", "values-hedged", "values-hedged+demographics", "values-hedged + calibrated (population)")

SUMMARY = pd.DataFrame(
    [
        {"method": m, "score": s, "mean": n / 7 % 1, "lower": n / 9 % 1, "upper": n / 5 % 1, "cells": 192}
        for n, (m, s) in enumerate(product(METHODS, headline_scores()), start=1)
    ]
)


def printed(monkeypatch: pytest.MonkeyPatch, columns: int) -> str:
    monkeypatch.setenv("COLUMNS", str(columns))
    console = plain_console(file=io.StringIO())
    console.print(score_table(console, "a run", SUMMARY, 0.95))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def between(text: str) -> list[str]:
    return re.findall(r"\d*\.\d\d+–\d*\.\d\d+", text)


@pytest.mark.parametrize(("columns", "scores"), [(30, 1), (50, 3), (72, 3), (100, 6), (200, 6)])
def test_a_column_stands_whole_or_not_at_all(
    monkeypatch: pytest.MonkeyPatch, columns: int, scores: int
) -> None:
    text = printed(monkeypatch, columns)
    assert max(map(len, text.splitlines())) <= columns
    assert "…" not in text
    assert len(between(text)) == scores * len(METHODS)
    assert ("with --wide: " in " ".join(text.split())) == (scores < len(headline_scores()))


def test_names_are_broken_only_for_want_of_room(monkeypatch: pytest.MonkeyPatch) -> None:
    assert METHODS[-1] in printed(monkeypatch, 200)
    assert METHODS[-1] not in printed(monkeypatch, 72)
    assert in_lines(METHODS[2]).split() == ["values-hedged", "+demographics"]


def test_wide_prints_every_column_on_any_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    token = WIDE.set(True)
    try:
        text = printed(monkeypatch, 40)
    finally:
        WIDE.reset(token)
    assert len(between(text)) == len(headline_scores()) * len(METHODS)
    assert METHODS[-1] in text
