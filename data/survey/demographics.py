"""Who the respondents are, as a table of categories in words and of numbers."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any

import numpy as np
import pandas as pd

from value_personas.data.codebooks.codebook import StoredTrait
from value_personas.data.codebooks.file import DemographicEntry
from value_personas.data.codebooks.missing import code_of_kind, kind_from_words, normalise
from value_personas.data.formats.plain_text import one_line
from value_personas.data.survey.decoding import Coded, decode
from value_personas.data.survey.labels import ColumnFacts, Judgement, Key, Meanings, as_key, meanings_of

Column = Callable[[str], tuple["pd.Series[float] | pd.Series[str]", ColumnFacts]]
Answers = Callable[[str, Meanings], Coded]

_LONGEST_CATEGORY = 60
_MOST_UNLISTED = 0.2  # "other" and stray codes are lost; where more are, the others are in doubt too


def read_demographics(
    entries: Mapping[str, tuple[DemographicEntry, tuple[str, ...]]],
    personality: Mapping[str, tuple[StoredTrait, str, str]],
    missing: Mapping[float, str],
    column: Column,
    answers: Answers,
) -> tuple[pd.DataFrame, list[str]]:
    """One row a respondent, one column for each thing known.

    Args:
        entries: name → (codebook entry, columns of the file): each respondent's is the first that tells it.
        personality: trait → (its entry, the columns of its positive and its negative statement).
        missing: code → kind, from the codebook.
        column: gives values and facts of a column of the file.
        answers: reads a column of the file as answers, as target questions are read.

    Returns:
        Ordered categories in words (missing: NaN) and float numbers; traits as differences of two answers.
        And sentences on the columns that are read by the file's own labels, or left out.
    """
    table: dict[str, object] = {}
    notes: list[str] = []
    for name, (entry, sources) in entries.items():
        found: list[pd.Series[Any]] = []
        for source in sources:
            values, facts = column(source)
            if entry.labels is None:
                found.append(_number(values, entry.range))
                continue
            categories, judged, unlisted = _category(values, entry, missing, facts)
            if judged.verdict == "silent" and unlisted > _MOST_UNLISTED:
                notes.append(
                    f"{source}: {name} is left out: no label tells its codes, and {unlisted:.0%} of "
                    "the answers bear a code that the codebook does not know; they may follow another list."
                )
                continue
            found.append(pd.Series(categories))
            if judged.moves or judged.verdict == "contradicts":
                told = f" ({judged.told})" if judged.told else ""
                notes.append(
                    f"{source}: {name} is read by the file's own labels, not by the codebook's codes{told}."
                )
        if found:
            table[name] = reduce(_filled_from, found)
    for trait, (stored, plus, minus) in personality.items():
        meanings = meanings_of(stored.stored)
        table[trait] = _statement(answers(plus, meanings)) - _statement(answers(minus, meanings))
    return pd.DataFrame(table), notes


def _filled_from(first: "pd.Series[Any]", other: "pd.Series[Any]") -> "pd.Series[Any]":
    """What the first column does not tell as the other has it."""
    if isinstance(first.dtype, pd.CategoricalDtype) and isinstance(other.dtype, pd.CategoricalDtype):
        names = list(dict.fromkeys([*first.cat.categories, *other.cat.categories]))
        first, other = first.cat.set_categories(names), other.cat.set_categories(names)
    return first.where(first.notna(), other)


def join_demographics(tables: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """Stack the tables of several files; categories that one of them lacks are added to the others."""
    named: dict[str, dict[str, None]] = {}
    for table in tables:
        for name in table.select_dtypes("category").columns:
            named.setdefault(name, {}).update(dict.fromkeys(table[name].cat.categories))
    kinds = {name: pd.CategoricalDtype(list(found), ordered=True) for name, found in named.items()}
    same = [table.astype({name: kinds[name] for name in kinds if name in table}) for table in tables]
    return pd.concat(same, ignore_index=True)


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
) -> tuple["pd.Categorical[str]", Judgement, float]:
    """Categories, what the labels say, and which share of the answers bears no listed code."""
    # Several codes may mean one category.
    labels, also = entry.labels or [], entry.also or [[] for _ in entry.labels or []]
    distinct = list(dict.fromkeys(labels))
    words = {
        normalise(text): distinct.index(labels[i])
        for i, texts in enumerate(also)
        for text in (labels[i], *texts)
    }
    codes: dict[Key, int] = {
        code: distinct.index(label) for code, label in zip(entry.codes or [], labels, strict=True)
    }
    meanings = Meanings(codes, words, tuple(distinct))
    coded, judged = decode(values, meanings, missing, facts)
    if judged.verdict == "contradicts":
        meanings = _by_own_words(meanings, judged, facts)
        distinct = list(meanings.names)
        coded, _ = decode(values, meanings, missing, ColumnFacts(missing=facts.missing))
    positions = np.where(coded >= 0, coded, -1).astype(np.int64)
    unlisted = int((coded == code_of_kind("off_scale")).sum())
    share = unlisted / max(1, unlisted + int((coded >= 0).sum()))
    return pd.Categorical.from_codes(positions, categories=pd.Index(distinct), ordered=True), judged, share


_MOST_CATEGORIES = 120  # a category's number is stored in eight bits


def _by_own_words(meanings: Meanings, judged: Judgement, facts: ColumnFacts) -> Meanings:
    """Every labelled code as the category that its label names, or else as one in the label's own words.

    Categories have no order to be wrong in, so that the labels settle every code that bears one.
    """
    names = list(meanings.names)
    codes: dict[Key, int] = dict(judged.named)
    words = dict(meanings.words)
    for value, text in facts.value_labels.items():
        key = as_key(value)
        if key in codes or facts.declares_missing(value) or kind_from_words(text):
            continue
        own = one_line(text, _LONGEST_CATEGORY)
        if normalise(own) not in words and len(names) < _MOST_CATEGORIES:
            words[normalise(own)] = len(names)
            names.append(own)
        if normalise(own) in words:
            codes[key] = words[normalise(own)]
    return Meanings(codes, words, tuple(names))


def _statement(coded: Coded) -> "pd.Series[float]":
    """Answers on a five-point agreement scale as numbers, missing ones NaN."""
    return pd.Series(np.where(coded >= 0, coded + 1.0, np.nan))
