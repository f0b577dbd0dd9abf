"""Columns of a data file: names, labels and codes that SPSS, Stata and R all take."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

_LONGEST_NAME = 32
"""Stata's limit in characters; SPSS takes 64 bytes. Names are ASCII."""

_RESERVED = frozenset(
    (
        "all", "and", "by", "eq", "ge", "gt", "le", "lt", "ne", "not", "or", "to", "with",  # SPSS
        "byte", "double", "float", "if", "in", "int", "long", "strl", "using",  # Stata
    )
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Variable:
    """One column.

    Attributes:
        name: see ``variable_names``.
        label: what it is, of any length.
        labels: stored value → label, of any length; the values of answers alone.
        missing: stored value → why there is no answer, in a fixed order of reasons.
        measure: as SPSS has it.
    """

    name: str
    label: str
    labels: Mapping[float, str] = field(default_factory=dict)
    missing: Mapping[float, str] = field(default_factory=dict)
    measure: Literal["nominal", "ordinal", "scale"] = "scale"


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table with what its columns mean.

    Attributes:
        frame: one column a variable, texts or floats; NaN where nothing is known.
        variables: in the order of the columns.
        title: of the file.
        notes: plain sentences that belong to it.
    """

    frame: pd.DataFrame
    variables: tuple[Variable, ...]
    title: str
    notes: tuple[str, ...] = ()


def variable_names(codes: Iterable[str]) -> list[str]:
    """Names as near to the codes as every program takes them, distinct whatever the case of letters.

    Example:
        >>> variable_names(["Q29", "q29", "Größe (cm)", "2nd", "to"])
        ['Q29', 'q29_2', 'Grosse__cm_', 'v_2nd', 'v_to']
    """
    names: list[str] = []
    taken: set[str] = set()
    for code in codes:
        stem = _ascii(code)
        name, n = stem[:_LONGEST_NAME], 1
        while name.lower() in taken:
            n += 1
            name = f"{stem[: _LONGEST_NAME - len(str(n)) - 1]}_{n}"
        taken.add(name.lower())
        names.append(name)
    return names


def _ascii(code: str) -> str:
    base = unicodedata.normalize("NFKD", code.replace("ß", "ss")).encode("ascii", "ignore").decode()
    name = re.sub(r"\W", "_", base)
    return name if re.match(r"[A-Za-z]", name) and name.lower() not in _RESERVED else f"v_{name}"


def plain_text(text: str, limit: int, unit: Literal["bytes", "characters"]) -> str:
    """One line without control characters, cut with an ellipsis where it is too long.

    Args:
        text: from a survey or a recipe; may hold anything.
        limit: how long it may be.
        unit: of the limit; bytes are those of UTF-8, and no character is torn.
    """
    line = " ".join("".join(c if unicodedata.category(c)[0] != "C" else " " for c in text).split())
    if _length(line, unit) <= limit:
        return line
    room = limit - _length("…", unit)
    if unit == "characters":
        return line[:room].rstrip() + "…"
    return line.encode()[:room].decode(errors="ignore").rstrip() + "…"


def distinct_labels(labels: Sequence[str], limit: int, unit: Literal["bytes", "characters"]) -> list[str]:
    """Labels as ``plain_text``, numbered where cutting made two alike: pandas and R refuse equal ones."""
    found: list[str] = []
    for label in labels:
        cut, n = plain_text(label, limit, unit) or "–", 1
        stem = cut
        while cut in found:
            n += 1
            mark = f" [{n}]"
            cut = plain_text(stem, limit - len(mark), unit) + mark
        found.append(cut)
    return found


def _length(text: str, unit: Literal["bytes", "characters"]) -> int:
    return len(text.encode()) if unit == "bytes" else len(text)
