"""The distributions of every cell, small enough to travel inside the page."""

from typing import Any

import numpy as np
import pandas as pd

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
    look = looks(material.methods)
    begin = chosen_cells(material)
    return {
        "countries": [[code, material.country_name(code)] for code in material.countries],
        "questions": [_question(material, code) for code in material.questions],
        "methods": [[method, look[method].colour] for method in methods],
        "begin": list(begin[0]) if begin else None,
        "cells": _cells(material.run.estimates, methods),
    }


def _question(material: Material, code: str) -> list[Any]:
    rows = material.run.estimates
    options = dict.fromkeys(rows.loc[rows["question"] == code, "option"])
    return [code, material.question_text(code), [one_line(str(option)) for option in options]]


def _cells(estimates: pd.DataFrame, methods: tuple[str, ...]) -> dict[str, dict[str, list[Any]]]:
    cells: dict[str, dict[str, list[Any]]] = {}
    for place, method in enumerate(methods, start=1):
        of_method = estimates[estimates["method"] == method]
        for (country, question), rows in of_method.groupby(["country", "question"], sort=False):
            people = _thousandths(rows["human"])
            if people is None:
                continue
            lists = cells.setdefault(str(country), {}).setdefault(
                str(question), [people] + [None] * len(methods)
            )
            lists[place] = _thousandths(rows["predicted"])
    return cells


def _thousandths(p: "pd.Series[float]") -> list[int] | None:
    values = p.to_numpy(np.float64)
    return None if np.isnan(values).any() else [round(_PARTS * float(value)) for value in values]
