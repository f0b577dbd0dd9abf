"""Margins from outside the survey, such as a census's: shares of categories in a country."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from value_personas.data.codebooks.missing import normalise
from value_personas.data.countries import country_alpha3
from value_personas.data.formats.readers import inspect_file, read_columns
from value_personas.signatures import Array, SurveyError

_COLUMNS = ("country", "variable", "category", "share")
_TOLERANCE = 0.02


@dataclass(frozen=True)
class Margins:
    """What is known of countries from elsewhere.

    Attributes:
        shares: country → variable → category (as compared) → share, each variable's summing to 1.
        path: where it stands.
    """

    shares: Mapping[str, Mapping[str, Mapping[str, float]]]
    path: str

    def columns(self, country: str, facts: pd.DataFrame) -> Array:
        """Indicators of categories, less their shares outside: means of 0 are what weights must bring about.

        Args:
            country: whose.
            facts: shape (n, variables), what is known of people; whoever's is missing stands at the margin.

        Returns:
            Shape (n, columns), one column a category but the last, scaled to unit variance; none for a
            country without margins.

        Raises:
            SurveyError: for a variable that the survey does not have, or a category that nobody is of.
        """
        found = [
            column
            for variable, shares in self.shares.get(country, {}).items()
            for column in self._of_variable(country, variable, shares, facts)
        ]
        return np.column_stack(found) if found else np.empty((len(facts), 0))

    def _of_variable(
        self, country: str, variable: str, shares: Mapping[str, float], facts: pd.DataFrame
    ) -> list[Array]:
        if variable not in facts.columns:
            known = ", ".join(map(str, facts.columns)) or "none"
            raise SurveyError(f"{self.path}: the survey does not know {variable!r}; it knows {known}")
        column = facts[variable]
        words = column.map(lambda value: "" if pd.isna(value) else _word(value)).to_numpy(dtype=np.str_)
        missing = words == ""
        if absent := [name for name, share in shares.items() if share > 0 and not (words == name).any()]:
            raise SurveyError(f"{self.path}: nobody of {country} has {variable} = {absent[0]!r}")
        if other := sorted(set(words[~missing].tolist()) - set(shares)):
            raise SurveyError(f"{self.path}: {country} has no share of {variable} = {other[0]!r}")
        return [
            np.where(missing, 0.0, (words == name) - share) / np.sqrt(max(share * (1 - share), 1e-6))
            for name, share in list(shares.items())[:-1]
        ]


def read_margins(path: str | Path) -> Margins:
    """Read a table with the columns country, variable, category and share (of 1 or of 100).

    Raises:
        SurveyError: when a column is absent, or a variable's shares do not sum to 1.
    """
    header = inspect_file(path)
    if absent := [name for name in _COLUMNS if name not in header.columns]:
        raise SurveyError(f"{path}: no column {absent[0]!r}; expected {', '.join(_COLUMNS)}")
    table = read_columns(header, _COLUMNS)
    shares: dict[str, dict[str, dict[str, float]]] = {}
    for (country, variable), rows in table.groupby(["country", "variable"], sort=False):
        amounts = pd.to_numeric(rows["share"], errors="coerce").to_numpy(np.float64)
        whole = 100.0 if amounts.sum() > 10 else 1.0
        if not (amounts >= 0).all() or abs(amounts.sum() / whole - 1) > _TOLERANCE:
            raise SurveyError(
                f"{path}: shares of {variable} in {country} sum to {amounts.sum():.4g}, expected 1 (or 100)"
            )
        of = shares.setdefault(country_alpha3(str(country)) or str(country), {})
        of[str(variable)] = dict(
            zip(map(_word, rows["category"]), (amounts / amounts.sum()).tolist(), strict=True)
        )
    return Margins(shares, str(path))


def _word(value: object) -> str:
    return normalise(f"{value:g}" if isinstance(value, float) else str(value))
