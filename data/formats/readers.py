"""A survey file by its path: which format it is, what it says of itself, and the columns asked for."""

import hashlib
import unicodedata
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from value_personas.data.formats import FORMATS, Format, Header
from value_personas.signatures import SurveyError

# First bytes → suffixes that may carry them, and what to do where another does. A file that contradicts its
# suffix is refused by name rather than left to fail inside a reader.
_MAGIC: tuple[tuple[bytes, str, tuple[str, ...], str], ...] = (
    (b"$FL2", "an SPSS file", (".sav",), "rename it to .sav"),
    (b"$FL3", "a compressed SPSS file", (".zsav", ".sav"), "rename it to .zsav"),
    (
        b"PK\x03\x04",
        "an Excel workbook or another zip archive",
        (".xlsx", ".xlsm"),
        "rename it to .xlsx, or unpack it",
    ),
    (b"PAR1", "a Parquet table", (".parquet",), "rename it to .parquet"),
    (b"<stata_dta>", "a Stata file", (".dta",), "rename it to .dta"),
    (b"HEADER RECORD", "a SAS transport file", (".xpt",), "rename it to .xpt"),
    (b"RDX", "an R data file", (".rds", ".rdata", ".rda"), "rename it to .rdata"),
    (b"\x1f\x8b", "a gzip archive", (".rds", ".rdata", ".rda"), "unpack it"),
    (b"%PDF", "a PDF document", (), "download the data itself"),
    (b"<!DOCTYPE", "a web page", (), "download the data itself"),
    (b"<html", "a web page", (), "download the data itself"),
)


_UNSAYABLE = {"Cc", "Cs"}  # control characters, and bytes that are no UTF-8


def inspect_file(path: str | Path, encoding: str | None = None) -> Header:
    """Read what a survey file says of itself: columns, labels, declared missing codes.

    Args:
        path: an SPSS, Stata, SAS, R, Excel, Parquet or delimited text file.
        encoding: the encoding of its texts, where the file's own declaration is wrong.

    Raises:
        SurveyError: when there is no such file, or it cannot be read as what its suffix says.
    """
    path = Path(path)
    form = _format_of(path)
    header = form.inspect(path, encoding)
    if not header.columns:
        raise SurveyError(f"{path}: holds no columns")
    return header


def read_columns(header: Header, columns: Sequence[str]) -> pd.DataFrame:
    """Read some columns of an inspected file, values as they are stored.

    Args:
        header: what ``inspect_file`` returned.
        columns: clean names, each in ``header.columns``.

    Raises:
        SurveyError: for an unknown column, an unreadable record or a file without records.
    """
    unknown = [name for name in columns if name not in set(header.columns)]
    if unknown:
        raise SurveyError(f"{header.path}: no column {unknown[0]!r}")
    frame = _format_of(header.path).read(header, columns)
    if not len(frame):
        raise SurveyError(f"{header.path}: holds no records, only column names")
    return frame


def file_hash(path: Path) -> str:
    """SHA-256 of the file's bytes, in hexadecimal."""
    with path.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _format_of(path: Path) -> Format:
    if any(unicodedata.category(sign) in _UNSAYABLE for sign in str(path)):
        raise SurveyError(f"{str(path)!a}: its name is no text or holds control characters; rename the file")
    known = {suffix: form for form in FORMATS for suffix in form.suffixes}
    suffix = path.suffix.lower()
    if suffix not in known:
        raise SurveyError(
            f"{path}: unknown suffix {path.suffix!r}; expected one of {', '.join(sorted(known))}"
        )
    if not path.exists():
        raise SurveyError(f"{path}: no such file")
    if not path.is_file():
        raise SurveyError(f"{path}: is not a file")
    _check_first_bytes(path, suffix)
    return known[suffix]


def _check_first_bytes(path: Path, suffix: str) -> None:
    try:
        with path.open("rb") as stream:
            start = stream.read(16)
    except OSError as error:
        raise SurveyError(f"{path}: cannot be opened ({error.strerror})") from error
    if not start:
        raise SurveyError(f"{path}: is empty (0 bytes); download it again")
    for magic, what, suffixes, advice in _MAGIC:
        if start.startswith(magic) and suffix not in suffixes:
            raise SurveyError(
                f"{path}: its first bytes are those of {what}, not of a {suffix} file; {advice}"
            )
