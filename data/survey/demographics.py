"""Who the respondents are, as a table of categories in words and of numbers."""

from collections.abc import Callable, Mapping

import numpy as np
import pandas as pd

from value_personas.data.codebooks.file import DemographicEntry
from value_personas.data.codebooks.missing import normalise
from value_personas.data.codebooks.scales import code_list
from value_personas.data.survey.decoding import ColumnFacts, decode

__all__ = ["read_demographics"]

Column = Callable[[str], tuple["pd.Series[float] | pd.Series[str]", ColumnFacts]]


def read_demographics(
    entries: Mapping[str, tuple[DemographicEntry, str]],
    personality: Mapping[str, tuple[str, str]],
    missing: Mapping[float, str],
    column: Column,
) -> pd.DataFrame:
    """One row a respondent, one column for each thing known.

    Args:
        entries: name → (codebook entry, column of the file).
        personality: trait → the columns of its positive and its negative statement.
        missing: code → kind, from the codebook.
        column: gives values and facts of a column of the file.

    Returns:
        Ordered categories in words (missing: NaN) and float numbers; traits as differences of two answers.
    """
    table: dict[str, object] = {}
    for name, (entry, source) in entries.items():
        values, facts = column(source)
        if entry.labels is None:
            table[name] = _number(values, entry.range)
        else:
            table[name] = _category(values, entry, missing, facts)
    for trait, (plus, minus) in personality.items():
        table[trait] = _statement(plus, missing, column) - _statement(minus, missing, column)
    return pd.DataFrame(table)


def _number(
    values: "pd.Series[float] | pd.Series[str]", bounds: tuple[float, float] | None
) -> "pd.Series[float]":
    numbers = pd.to_numeric(values, errors="coerce").astype(np.float64)
    if bounds is None:
        return numbers
    return numbers.where(numbers.between(*bounds))


def _category(
    values: "pd.Series[float] | pd.Series[str]",
    entry: DemographicEntry,
    missing: Mapping[float, str],
    facts: ColumnFacts,
) -> "pd.Categorical[str]":
    # Several codes may mean one category; their positions then point at the same label.
    labels, also = entry.labels or [], entry.also or [[] for _ in entry.labels or []]
    distinct = list(dict.fromkeys(labels))
    words = {normalise(text): i for i, texts in enumerate(also) for text in (labels[i], *texts)}
    coded = decode(values, code_list(entry.codes or [], words), missing, facts)
    to_distinct = np.array([distinct.index(label) for label in labels])
    positions = np.where(coded >= 0, to_distinct[np.maximum(coded, 0)], -1).astype(np.int64)
    return pd.Categorical.from_codes(positions, categories=pd.Index(distinct), ordered=True)


def _statement(name: str, missing: Mapping[float, str], column: Column) -> "pd.Series[float]":
    """Answers on a five-point agreement scale as numbers, missing ones NaN."""
    values, facts = column(name)
    coded = decode(values, code_list([1, 2, 3, 4, 5]), missing, facts)
    return pd.Series(np.where(coded >= 0, coded + 1.0, np.nan))
