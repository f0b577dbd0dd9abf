"""The distributions of every cell, small enough to travel inside the page."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.data import one_line
from value_personas.experiments.figures.palette import looks
from value_personas.experiments.report.figures.countries import shown_methods
from value_personas.experiments.report.figures.distributions import chosen_cells, drawn_methods
from value_personas.experiments.report.material import Material

_PARTS = 1000
"""Probabilities travel as whole thousandths."""


def every_cell(material: Material) -> dict[str, Any]:
    """People's answers and those of the methods that the report is about, by country and question.

    Returns:
        JSON values: countries and questions with their texts, methods with their colours, where to begin, and
        cells as country → question → one list for people and for each method, in thousandths; null for a
        method that does not estimate the cell.
    """
    methods = tuple(dict.fromkeys((*drawn_methods(material), *shown_methods(material))))
    look, options = looks(material.methods), _options(material.run.estimates)
    begin = chosen_cells(material)
    return {
        "countries": [[code, material.country_name(code)] for code in material.countries],
        "questions": [
            [code, material.question_text(code), options.get(code, [])] for code in material.questions
        ],
        "methods": [[method, look[method].colour] for method in methods],
        "begin": list(begin[0]) if begin else None,
        "cells": _cells(material.run.estimates, methods),
    }


def _options(estimates: pd.DataFrame) -> dict[str, list[str]]:
    """Question → its options, as a line each, in their order."""
    options: dict[str, list[str]] = {}
    once = estimates[["question", "option"]].drop_duplicates()
    for question, option in zip(once["question"], once["option"], strict=True):
        options.setdefault(str(question), []).append(one_line(str(option)))
    return options


def _cells(estimates: pd.DataFrame, methods: tuple[str, ...]) -> dict[str, dict[str, list[Any]]]:
    cells: dict[str, dict[str, list[Any]]] = {}
    for place, method in enumerate(methods, start=1):
        rows = estimates[estimates["method"] == method]
        number = rows.groupby(["country", "question"], sort=False).ngroup().to_numpy()
        order = np.argsort(number, kind="stable")
        start = np.flatnonzero(np.diff(number[order], prepend=-1))
        named = rows.iloc[order[start]]
        human, predicted = (_thousandths(rows[name], order, start) for name in ("human", "predicted"))
        for country, question, people, own in zip(
            named["country"], named["question"], human, predicted, strict=True
        ):
            if people is not None:
                lists = cells.setdefault(str(country), {}).setdefault(
                    str(question), [people] + [None] * len(methods)
                )
                lists[place] = own
    return cells


def _thousandths(
    p: "pd.Series[float]", order: NDArray[np.intp], start: NDArray[np.intp]
) -> list[list[int] | None]:
    """The probabilities of each cell; None where one is not known.

    Args:
        p: a row an option.
        order: of the rows, so that those of a cell stand together.
        start: the place of each cell's first row in that order.
    """
    parts = np.rint(_PARTS * p.to_numpy(np.float64)[order])
    known: Any = ~np.logical_or.reduceat(np.isnan(parts), start) if len(start) else ()
    whole = np.nan_to_num(parts).astype(int).tolist()
    ends = [*start[1:], len(whole)]
    return [whole[a:b] if told else None for a, b, told in zip(start, ends, known, strict=True)]
