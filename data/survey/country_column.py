"""Countries of respondents, from whichever columns and writings a file has."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from value_personas.data.codebooks.missing import kind_from_words
from value_personas.data.countries import country_alpha3, country_name
from value_personas.data.formats.plain_text import one_line
from value_personas.signatures import Integers, SurveyError

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


def read_countries(
    columns: Mapping[str, "pd.Series[Any]"],
    labels: Mapping[str, Labels],
    named: Mapping[str, str],
    where: str,
) -> Countries:
    """Read the countries of respondents.

    A file's own label is believed before the number that it stands for, and a number is a country of ISO 3166
    only where none of its column's labels says otherwise.

    Args:
        columns: the columns that may tell, the one to be believed first.
        labels: column → the file's own labels of its values.
        named: stored value → country, from the codebook.
        where: the file, for the message.

    Raises:
        SurveyError: for numbers without labels of which some are countries of ISO 3166 and others none.
    """
    index = np.full(len(next(iter(columns.values()))), -1, dtype=np.int64)
    known: dict[str, int] = {}
    names: dict[str, str] = {}
    for name, column in columns.items():
        keys, distinct = pd.factorize(column)
        reader = _CountryReader(labels.get(name, {}), _mapped(named), f"{where}: column {name}")
        read = [reader.read(value) for value in distinct]
        if (index < 0).any():
            reader.refuse_guesses(distinct)
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


def one_country(name: str, rows: int) -> Countries:
    """The countries of a file all of whose respondents are of one.

    Raises:
        SurveyError: for a name that is no country's.
    """
    code = country_alpha3(name)
    if code is None:
        raise SurveyError(f"country_is: {name!r} is no country; expected a code such as NZL, or a name")
    return Countries((code,), np.zeros(rows, dtype=np.int64), {code: country_name(code) or code})


def country_of_label(label: str) -> str | None:
    """The alpha-3 code of a label such as "Ghana" or "GB-GBN-Great Britain"; None if it names no country."""
    whole = country_alpha3(label) if label else None
    if whole or "-" not in label:
        return whole
    code, _, name = label.partition("-")
    return country_alpha3(name) or country_alpha3(name.rpartition("-")[2]) or country_alpha3(code)


def _mapped(named: Mapping[str, str]) -> dict[str, str]:
    return {_written(value): country_alpha3(name) or name for value, name in named.items()}


def _written(value: object) -> str:
    """A stored value as a codebook writes it: 4 for 4.0."""
    text = one_line(str(value), _LONGEST_CODE)
    number = _whole_number(text)
    return text if number is None else str(number)


class _CountryReader:
    """Reads the distinct values of one column."""

    def __init__(self, labels: Labels, named: Mapping[str, str], where: str) -> None:
        self._labels = labels
        self._named = named
        self._where = where
        said = {_written(value): country_of_label(text) for value, text in labels.items()}
        both = [(code, country_alpha3(value)) for value, code in said.items() if code and value.isdigit()]
        agreeing = sum(code == iso for code, iso in both)
        others = any(not kind_from_words(text) for value, text in labels.items() if _written(value).isdigit())
        self._by_iso = agreeing > 0.5 * len(both) if both else not others

    def read(self, value: object) -> tuple[str, str]:
        """(code or "", the file's own label or "") of one stored value."""
        text = _written(value)
        label = self._label(value)
        if not text or text.startswith("-") or (label and kind_from_words(label)):
            return "", ""
        if text in self._named:
            return self._named[text], "" if label.isdigit() else label
        known = country_of_label(label)
        if known is None and (self._by_iso or not text.isdigit()):
            known = country_alpha3(text)
        return known or text, "" if label.isdigit() else label

    def refuse_guesses(self, values: Iterable[object]) -> None:
        """Refuse to take numbers for those of ISO 3166 where only some of them are."""
        bare = [_written(value) for value in values if not self._label(value)]
        numbers = [text for text in bare if text.isdigit() and text not in self._named]
        iso = [text for text in numbers if country_alpha3(text)]
        other = [text for text in numbers if not country_alpha3(text)]
        if iso and other:
            raise SurveyError(
                f"{self._where}: {iso[0]} is {country_name(country_alpha3(iso[0]) or '')} by ISO 3166 and "
                f"{other[0]} no country, and the file labels neither; say which they are in a codebook of "
                f'your own: country_codes = {{ {other[0]} = "XXX" }} in its [design]'
            )

    def _label(self, value: object) -> str:
        label = self._labels.get(value, "") if isinstance(value, (str, int, float)) else ""
        return one_line(label, _LONGEST_NAME)


def _whole_number(text: str) -> int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None
