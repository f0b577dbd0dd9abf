"""One stored column turned into positions on a scale and kinds of missing answers."""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.data.codebooks.missing import (
    code_of_kind,
    kind_from_words,
    kinds_from_words,
    normalise,
    split_number,
)
from value_personas.data.survey.labels import (
    ColumnFacts,
    Judgement,
    Key,
    Meanings,
    as_key,
    judge_labels,
)
from value_personas.signatures import Array

Coded = NDArray[np.int8]


def decode(
    values: "pd.Series[float] | pd.Series[str]",
    meanings: Meanings,
    missing: Mapping[float, str],
    facts: ColumnFacts,
    *,
    codes_decide: bool = False,
) -> tuple[Coded, Judgement]:
    """Read a column of answers, by the file's own labels where they give its codes other options.

    Args:
        values: shape (n,), codes or texts as stored.
        meanings: what the codebook says of the codes, at most 128 of them.
        missing: code → kind, from the codebook.
        facts: what the file says of the column.
        codes_decide: whether the codebook's codes hold whatever the labels say.

    Returns:
        Shape (n,), int8: a meaning ≥ 0, or the negative number of a kind of missing answer; and what the
        labels say. Where they contradict the codebook and settle not all codes, the codebook's hold.
    """
    texts = _texts(values)
    facts = _with_numbered_texts(texts, facts)
    judged = judge_labels(facts, meanings, missing, lambda: _present(values))
    if judged.verdict == "silent" and any(normalise(text) in meanings.words for text in texts):
        judged = replace(judged, verdict="agrees")  # the answers are the option's own words
    codes: Mapping[Key, int] = meanings.codes if codes_decide else judged.codes
    reader = _AnswerReader(
        codes,
        meanings.words,
        missing,
        facts,
        by_labels={} if codes_decide else judged.missing,
    )
    return _coded(values, reader), judged


def _coded(values: "pd.Series[float] | pd.Series[str]", reader: "_AnswerReader") -> Coded:
    if isinstance(values.dtype, np.dtype) and values.dtype.kind == "f":
        coded = _decode_small_codes(np.asarray(values, dtype=np.float64), reader)
        if coded is not None:
            return coded
    keys, distinct = pd.factorize(values)
    table = np.array(
        [reader.read(value) for value in distinct] + [code_of_kind("system_missing")], dtype=np.int8
    )
    return table[keys]  # key −1 is an empty cell and picks the last entry


def _present(values: "pd.Series[float] | pd.Series[str]") -> Collection[Key]:
    return [as_key(value) for value in pd.unique(values.dropna()) if isinstance(value, (str, int, float))]


def _texts(values: "pd.Series[float] | pd.Series[str]") -> list[str]:
    """The distinct texts of a column; none of a column of numbers."""
    if pd.api.types.is_numeric_dtype(values.dtype):
        return []
    return [text for text in pd.unique(values.dropna()) if isinstance(text, str)]


def _with_numbered_texts(texts: list[str], facts: ColumnFacts) -> ColumnFacts:
    """Texts such as "3. disagree" or "[3] disagree" are codes with their labels."""
    told: dict[float | str, str] = {pair[0]: pair[1] for text in texts if (pair := split_number(text))}
    return replace(facts, value_labels={**facts.value_labels, **told}) if told else facts


def _decode_small_codes(numbers: Array, reader: "_AnswerReader") -> Coded | None:
    """The same by one table look-up, for whole numbers of two digits; None for any other column.

    A survey's columns are almost always of this kind, and hashing them is most of the time of decoding.
    """
    with np.errstate(invalid="ignore"):  # NaN has no integer; it is told apart below
        small = numbers.astype(np.int8)
    whole = small == numbers
    if not whole.all() and not np.isnan(numbers[~whole]).all():
        return None
    index = small.view(np.uint8)
    table = np.full(256, code_of_kind("system_missing"), dtype=np.int8)
    for position in np.flatnonzero(np.bincount(index[whole], minlength=256)):
        table[position] = reader.read(float(np.uint8(position).view(np.int8)))
    coded = table[index]
    coded[~whole] = code_of_kind("system_missing")
    return coded


@dataclass(frozen=True)
class _AnswerReader:
    """Reads one distinct value of a column."""

    codes: Mapping[Key, int]
    words: Mapping[str, int]
    missing: Mapping[float, str]
    facts: ColumnFacts
    by_labels: Mapping[Key, str]

    def read(self, value: object) -> int:
        """A position, or the negative number of a kind."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, (bool, np.bool_)):
            # True is 1 only where there is a 0 as well; on a scale from 1 it would be the first option.
            return self._number(float(value)) if 0.0 in self.codes else code_of_kind("unreadable")
        if isinstance(value, (int, float, Decimal, np.number)):
            return self._number(float(value))
        return code_of_kind("unreadable")

    def _number(self, code: float) -> int:
        if math.isnan(code):
            return code_of_kind("system_missing")
        position = self.codes.get(code)
        # A negative code that the codebook calls an answer is one whatever the file's blanket range
        # −99 … −1 says: −1 and −2 of the autonomy index. Otherwise the file knows best.
        if position is not None and (code < 0 or not self.facts.declares_missing(code)):
            return position
        return code_of_kind(self.by_labels.get(code) or self._kind(code) or "off_scale")

    def _kind(self, code: float) -> str | None:
        """Why an answer is missing: by the file's label, unless it says the codebook's reason too or none."""
        told = kinds_from_words(self.facts.value_labels.get(code, ""))
        known = self.missing.get(code)
        if told and known not in told and (known is None or told[0] != "other_missing"):
            return told[0]
        return known or self._kind_from_file(code)

    def _kind_from_file(self, value: float | str) -> str | None:
        kind = kind_from_words(self.facts.value_labels.get(value, ""))
        if self.facts.declares_missing(value):
            return kind or "declared_missing"
        return kind

    def _text(self, text: str) -> int:
        words = normalise(text)
        if not words:
            return code_of_kind("system_missing")
        if words in self.words and not self.facts.declares_missing(text):
            return self.words[words]
        if words in self.codes and not self.facts.declares_missing(text):
            return self.codes[words]  # a letter whose label names an option
        number = _as_number(text)
        if number is not None:
            return self._number(number)
        kind = self._kind_from_file(text) or kind_from_words(words)
        return code_of_kind(kind or "unreadable")


def _as_number(text: str) -> float | None:
    """The code in "3", "3.0" or "3. disagree"."""
    numbered = split_number(text)
    try:
        return numbered[0] if numbered else float(normalise(text))
    except ValueError:
        return None


def labels_of_options(
    values: "pd.Series[float] | pd.Series[str]",
    meanings: Meanings,
    facts: ColumnFacts,
    codes: Mapping[Key, int],
) -> dict[int, str]:
    """The file's own words for the options, position → label: its value labels, or its answers themselves."""
    labels = {as_key(value): label for value, label in facts.value_labels.items()}
    found = {codes[key]: label for key, label in labels.items() if key in codes}
    if not found:
        words = meanings.words
        found = {words[normalise(text)]: text for text in _texts(values) if normalise(text) in words}
    return found
