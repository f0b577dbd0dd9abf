"""The weights of a survey that is joined from several files."""

import numpy as np
import pandas as pd

from value_personas.data.survey.part import Part, where_of
from value_personas.data.survey.weighting import country_scaled, usable_weights
from value_personas.signatures import Array, Integers, SurveyError


def join_weights(
    parts: list[Part], index: Integers, countries: tuple[str, ...], choice: str
) -> tuple[Array, list[str]]:
    """Stack the weights of all files and scale them as chosen.

    Args:
        parts: the files.
        index: shape (n,), positions in ``countries`` of the stacked respondents.
        countries: country codes.
        choice: one of ``WEIGHTINGS``.

    Returns:
        Weights ≥ 0, shape (n,), and sentences on what a user should know of them.

    Raises:
        SurveyError: when a country has no usable weight, or a file lacks the chosen one.
    """
    notes: list[str] = []
    if choice == "unweighted":
        return np.ones(len(index)), [
            "The survey's weights are set aside by choice: every respondent counts as 1."
        ]
    raw = []
    for part in parts:
        if part.weight is None:
            notes.append(f"{part.source.path} has no weight column: every respondent counts as 1.")
        raw.append(pd.Series(np.ones(part.rows)) if part.weight is None else part.weight)
    columns = ", ".join(dict.fromkeys(part.weight_column for part in parts if part.weight_column))
    stored = pd.concat(raw, ignore_index=True)
    weights, problems = usable_weights(stored, index, countries, f"{where_of(parts)}: {columns or 'weight'}")
    notes += problems
    if columns and not problems and (weights == weights[0]).all():
        notes.append(
            f"All weights ({columns}) are {weights[0]:g}: the sample is not weighted within countries."
        )
    if choice == "within-country":
        return weights, notes
    if choice == "equal-country":
        return country_scaled(weights, index, None), notes
    population, problems = _population(parts, index, countries)
    totals = np.bincount(index, population, len(countries)).astype(np.float64)
    return country_scaled(weights, index, totals), [*notes, *problems]


def _population(parts: list[Part], index: Integers, countries: tuple[str, ...]) -> tuple[Array, list[str]]:
    columns = []
    for part in parts:
        if part.population is None:
            raise SurveyError(f"{part.source.path}: no population weight; choose weight='within-country'")
        columns.append(part.population)
    where = f"{where_of(parts)}: population weight"
    return usable_weights(pd.concat(columns, ignore_index=True), index, countries, where)
