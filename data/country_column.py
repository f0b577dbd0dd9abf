"""Countries of respondents, from whichever columns and writings a file has."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from data.countries import country_alpha3, country_name
from data.missing import kind_from_words

__all__ = ["read_countries"]

Texts = NDArray[np.str_]
Labels = Mapping[float | str, str]

_LONGEST_CODE = 24


def read_countries(
    columns: Mapping[str, "pd.Series[Any]"], labels: Mapping[str, Labels]
) -> tuple[Texts, dict[str, str]]:
    """Read the countries of respondents.

    Args:
        columns: the columns that may tell, the one to be believed first.
        labels: column → the file's own labels of its values.

    Returns:
        Shape (n,), alpha-3 codes (what the file writes where no table knows it), "" where no column names a
        country; and code → name, the file's own label where it has one.
    """
    rows = len(next(iter(columns.values())))
    codes = np.full(rows, "", dtype=f"<U{_LONGEST_CODE}")
    names: dict[str, str] = {}
    for name, column in columns.items():
        keys, distinct = pd.factorize(column)
        read = [_country(value, labels.get(name, {})) for value in distinct]
        found = np.array([code for code, _ in read] + [""], dtype=codes.dtype)[keys]
        codes = np.where(codes == "", found, codes)
        for position, (_, label) in enumerate(read):
            code = str(codes[np.argmax(keys == position)])  # an earlier column may have given the code
            if code and label:
                names[code] = label
    for code in np.unique(codes[codes != ""]):
        names.setdefault(str(code), country_name(str(code)) or str(code))
    return codes, names


def _country(value: object, labels: Labels) -> tuple[str, str]:
    """(code or "", the file's own label or "") of one stored value."""
    text = str(value).strip()
    label = str(labels.get(value, "")).strip() if isinstance(value, (str, int, float)) else ""
    if not text or text.startswith("-") or (label and kind_from_words(label)):
        return "", ""
    number = _whole_number(text)
    known = country_alpha3(number if number is not None else text) or (
        country_alpha3(label) if label else None
    )
    code = known or (str(number) if number is not None else text)
    return code[:_LONGEST_CODE], "" if label.isdigit() else label


def _whole_number(text: str) -> int | None:
    try:
        number = float(text)
    except ValueError:
        return None
    return int(number) if number.is_integer() else None
