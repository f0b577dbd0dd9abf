"""What every reader of a file format gives: a header first, then the columns that are asked for."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

from value_personas.data.formats.plain_text import one_line

MissingRange = tuple[float | str, float | str]


@dataclass(frozen=True)
class Header:
    """What a file says of itself before its records are read.

    Attributes:
        path: the file.
        columns: the names that codebooks use, in the file's order; texts after a colon are cut off.
        stored: clean name → the name under which the file stores the column, where they differ.
        labels: variable labels by clean name.
        value_labels: value → label, by clean name.
        missing: the ranges the file itself declares missing, by clean name, both ends included.
        rows: the number of records, where the format tells it without reading them.
        notes: what a user should know about how the file was opened.
        settings: what the format found out and needs again to read the records.
    """

    path: Path
    columns: tuple[str, ...]
    stored: Mapping[str, str] = field(default_factory=dict)
    labels: Mapping[str, str] = field(default_factory=dict)
    value_labels: Mapping[str, Mapping[float | str, str]] = field(default_factory=dict)
    missing: Mapping[str, tuple[MissingRange, ...]] = field(default_factory=dict)
    rows: int | None = None
    notes: tuple[str, ...] = ()
    settings: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Format:
    """One file format.

    Attributes:
        name: how a person calls it.
        suffixes: the file suffixes that mean it, lower case with the dot.
        inspect: (path, encoding or None) → Header. Raises SurveyError for an unreadable file.
        read: (header, clean column names) → frame with exactly these columns in this order; values stay
            as stored (codes, texts, NaN; Stata's tagged missings as single letters).
    """

    name: str
    suffixes: tuple[str, ...]
    inspect: Callable[[Path, str | None], Header]
    read: Callable[[Header, Sequence[str]], pd.DataFrame]


def first_line(error: BaseException) -> str:
    """The first line of an exception's text, for a one-line message."""
    lines = str(error).strip().splitlines()
    return one_line(lines[0]) if lines else type(error).__name__


def damaged(path: Path, kind: str, error: BaseException) -> str:
    """The one line of a file that its reader gives up on, most often half of a download.

    Args:
        path: the file.
        kind: what it should be, with its article.
        error: what the reader said.
    """
    return f"{path}: not readable as {kind} ({first_line(error)}); check that the download is complete"
