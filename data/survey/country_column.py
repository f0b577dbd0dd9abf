"""Countries of respondents, from whichever columns and writings a file has."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.data.codebooks.missing import kind_from_words
from value_personas.data.countries import country_alpha3, country_name
from value_personas.data.formats.plain_text import one_line

__all__ = ["Countries", "read_countries"]

Integers = NDArray[np.int64]
Labels = Mapping[float | str, str]

_LONGEST_CODE = 100  # two names that agree so far count as one
_LONGEST_NAME = 60


@dataclass(frozen=True)
class Countries:
    """Countries of respondents.

    Attributes:
        codes: alpha-3 codes (what the file writes where no table knows it), sorted.
        index: shape (n,), positions in ``codes``, −1 where no column names a country.
        names: code → name, the file's own label where it has one.
    """

    codes: tuple[str, ...]
    index: Integers
    names: dict[str, str]

    def keep(self, mask: NDArray[np.bool_]) -> "Countries":
        """The countries of some respondents, without those that nobody is of any more."""
        used, index = np.unique(self.index[mask], return_inverse=True)
        codes = tuple(self.codes[i] for i in used)
        return Countries(codes, index.astype(np.int64), {code: self.names[code] for code in codes})


def read_countries(columns: Mapping[str, "pd.Series[Any]"], labels: Mapping[str, Labels]) -> Countries:
    """Read the countries of respondents.

    Args:
        columns: the columns that may tell, the one to be believed first.
        labels: column → the file's own labels of its values.
    """
    index = np.full(len(next(iter(columns.values()))), -1, dtype=np.int64)
    known: dict[str, int] = {}
    names: dict[str, str] = {}
    for name, column in columns.items():
        keys, distinct = pd.factorize(column)
        read = [_country(value, labels.get(name, {})) for value in distinct]
        found = np.array([known.setdefault(code, len(known)) if code else -1 for code, _ in read] + [-1])
        index = np.where(index < 0, found[keys], index)
        codes = list(known)
        for position, (_, label) in enumerate(read):
            at = int(index[np.argmax(keys == position)])  # an earlier column may have given the code
            if at >= 0 and label:
                names[codes[at]] = label
    order = sorted(known)
    to_sorted = np.array([*(order.index(code) for code in known), -1])
    return Countries(
        tuple(order),
        to_sorted[index],
        {code: names.get(code) or country_name(code) or code for code in order},
    )


def _country(value: object, labels: Labels) -> tuple[str, str]:
    """(code or "", the file's own label or "") of one stored value."""
    text = one_line(str(value), _LONGEST_CODE)
    label = labels.get(value, "") if isinstance(value, (str, int, float)) else ""
    label = one_line(label, _LONGEST_NAME)
    if not text or text.startswith("-") or (label and kind_from_words(label)):
        return "", ""
    number = _whole_number(text)
    known = country_alpha3(number if number is not None else text) or (
        country_alpha3(label) if label else None
    )
    code = known or (str(number) if number is not None else text)
    return code, "" if label.isdigit() else label


def _whole_number(text: str) -> int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None
