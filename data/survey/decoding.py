"""One stored column turned into positions on a scale and kinds of missing answers."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.data.codebooks.missing import code_of_kind, kind_from_words, normalise
from value_personas.data.codebooks.scales import StoredScale
from value_personas.data.formats import MissingRange

__all__ = ["Coded", "ColumnFacts", "decode", "label_order", "labels_of_options"]

Coded = NDArray[np.int8]

_NUMBERED = re.compile(r"^(-?\d+(?:\.\d+)?)\s*(?:[.:)=–—]|-\s)\s*\D")


@dataclass(frozen=True)
class ColumnFacts:
    """What the file itself says of one column.

    Attributes:
        value_labels: stored value → label.
        missing: ranges the file declares missing.
    """

    value_labels: Mapping[float | str, str] = field(default_factory=dict)
    missing: tuple[MissingRange, ...] = ()

    def declares_missing(self, value: float | str) -> bool:
        """Whether the value lies in a range that the file declares missing."""
        return any(
            low <= value <= high  # type: ignore[operator]  # both ends and the value are of one type here
            for low, high in self.missing
            if isinstance(low, str) == isinstance(high, str) == isinstance(value, str)
        )


def decode(
    values: "pd.Series[float] | pd.Series[str]",
    stored: StoredScale,
    missing: Mapping[float, str],
    facts: ColumnFacts,
    *,
    backwards: bool = True,
) -> Coded:
    """Read a column of answers.

    Args:
        values: shape (n,), codes or texts as stored.
        stored: the scale with the codes and words of its options.
        missing: code → kind, from the codebook.
        facts: what the file says of the column.
        backwards: whether labels that run exactly backwards are followed (see ``label_order``).

    Returns:
        Shape (n,), int8: a position ≥ 0, or the negative number of a kind of missing answer.
    """
    positions = stored.positions
    order = label_order(facts.value_labels, stored, backwards=backwards)
    if order is not None:
        positions = order
    reader = _AnswerReader(positions, stored.words, missing, facts)
    if isinstance(values.dtype, np.dtype) and values.dtype.kind == "f":
        coded = _decode_small_codes(np.asarray(values, dtype=np.float64), reader)
        if coded is not None:
            return coded
    keys, distinct = pd.factorize(values)
    table = np.array(
        [reader.read(value) for value in distinct] + [code_of_kind("system_missing")], dtype=np.int8
    )
    return table[keys]  # key −1 is an empty cell and picks the last entry


def _decode_small_codes(numbers: NDArray[np.float64], reader: "_AnswerReader") -> Coded | None:
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


def label_order(
    labels: Mapping[float | str, str], stored: StoredScale, *, backwards: bool
) -> dict[float, int] | None:
    """Where the file's own labels order the options otherwise than the codebook, their order; else None.

    A file's label is trusted over a number: EVS 2017 stores 2 = bad, 3 = don't mind where WVS stores the
    contrary. The labels have to name every option, or both ends of a scale that runs backwards; a number that
    labels itself names nothing.

    Args:
        labels: the file's own, stored value → label.
        stored: the codebook's scale.
        backwards: whether an exactly reversed order counts as one. Not so for a value item, which is left as
            it is for the direction check, which stops.
    """
    found = {
        float(value): stored.words[normalise(text)]
        for value, text in labels.items()
        if not isinstance(value, str) and normalise(text) in stored.words and not normalise(text).isdigit()
    }
    turned = {code: position for position, code in enumerate(reversed(stored.codes))}
    ends = {stored.codes[0], stored.codes[-1]}
    if backwards and ends <= found.keys() and found.items() <= turned.items():
        return turned
    if sorted(found.values()) != list(range(len(stored.codes))):
        return None
    by_position = [code for code, _ in sorted(found.items(), key=lambda pair: pair[1])]
    if tuple(by_position) == stored.codes or (not backwards and tuple(reversed(by_position)) == stored.codes):
        return None
    return found


@dataclass(frozen=True)
class _AnswerReader:
    """Reads one distinct value of a column."""

    positions: Mapping[float, int]
    words: Mapping[str, int]
    missing: Mapping[float, str]
    facts: ColumnFacts

    def read(self, value: object) -> int:
        """A position, or the negative number of a kind."""
        if isinstance(value, str):
            return self._text(value)
        if isinstance(value, (bool, np.bool_)):
            # True is 1 only where there is a 0 as well; on a scale from 1 it would be the first option.
            return self._number(float(value)) if 0.0 in self.positions else code_of_kind("unreadable")
        if isinstance(value, (int, float, Decimal, np.number)):
            return self._number(float(value))
        return code_of_kind("unreadable")

    def _number(self, code: float) -> int:
        if math.isnan(code):
            return code_of_kind("system_missing")
        position = self.positions.get(code)
        # A negative code that the codebook calls an answer is one whatever the file's blanket range
        # −99 … −1 says: −1 and −2 of the autonomy index. Otherwise the file knows best.
        if position is not None and (code < 0 or not self.facts.declares_missing(code)):
            return position
        kind = self.missing.get(code)
        if kind is None:
            kind = self._kind_from_file(code)
        return code_of_kind(kind or "off_scale")

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
        number = _as_number(words)
        if number is not None:
            return self._number(number)
        kind = self._kind_from_file(text) or kind_from_words(words)
        return code_of_kind(kind or "unreadable")


def _as_number(text: str) -> float | None:
    """The code in "3", "3.0" or "3. disagree"."""
    match = _NUMBERED.match(text)
    try:
        return float(match[1] if match else text)
    except ValueError:
        return None


def labels_of_options(
    values: "pd.Series[float] | pd.Series[str]", stored: StoredScale, facts: ColumnFacts
) -> dict[int, str]:
    """The file's own words for the options, position → label: its value labels, or its answers themselves."""
    positions = label_order(facts.value_labels, stored, backwards=False) or stored.positions
    found = {
        positions[float(value)]: label
        for value, label in facts.value_labels.items()
        if not isinstance(value, str) and float(value) in positions
    }
    if not found and not pd.api.types.is_numeric_dtype(values):
        texts = [text for text in pd.unique(values.dropna()) if isinstance(text, str)]
        found = {stored.words[normalise(text)]: text for text in texts if normalise(text) in stored.words}
    return found
