"""Text tables (.csv, .tsv, .txt): delimiter, decimal sign and encoding are recognised."""

import codecs
import csv
import re
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from data.formats.base import Format, Header, first_line
from data.formats.column_names import clean_columns
from signatures.errors import SurveyError

__all__ = ["DELIMITED"]

_DELIMITERS = (",", ";", "\t", "|")
_CHUNK = 1 << 20

# Customary lists would also take the answer "None" for a missing one.
_NOT_A_VALUE = ["", "NA", "NaN", "nan", ".", "#N/A", "#NULL!", " "]


def _inspect(path: Path, encoding: str | None) -> Header:
    found, notes = (encoding, ()) if encoding else _recognise_encoding(path)
    try:
        with path.open(encoding=found, newline="") as stream:
            sample = stream.read(_CHUNK)
    except (UnicodeError, LookupError) as error:
        raise SurveyError(
            f"{path}: its texts cannot be read in encoding {found!r} ({first_line(error)}); name another"
        ) from error
    first = sample.split("\n", 1)[0]
    if not first.strip():
        raise SurveyError(f"{path}: the first line is empty; expected the column names")
    delimiter = max(_DELIMITERS, key=lambda sign: len(_fields(first, sign)))
    columns, stored, labels, repeats = clean_columns(_fields(first, delimiter))
    if repeats:
        notes += (f"{path.name} holds {repeats} repeated column name(s); the first of each is the one read.",)
    decimal = "," if delimiter == ";" and re.search(r";-?\d+,\d+(;|\r?\n|$)", sample) else "."
    settings = {"encoding": found, "delimiter": delimiter, "decimal": decimal}
    return Header(path, columns, stored, labels, notes=notes, settings=settings)


def _fields(line: str, delimiter: str) -> list[str]:
    return next(csv.reader([line.strip("\r\n\ufeff")], delimiter=delimiter), [])


def _recognise_encoding(path: Path) -> tuple[str, tuple[str, ...]]:
    """UTF-8 or UTF-16 by their marks, strict UTF-8 by decoding all of it, else Windows-1252 with a note."""
    with path.open("rb") as stream:
        start = stream.read(4)
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16", ()
    decoder = codecs.getincrementaldecoder("utf-8")("strict")
    with path.open("rb") as stream:
        try:
            while chunk := stream.read(_CHUNK):
                if b"\0" in chunk:
                    raise SurveyError(f"{path}: holds zero bytes, so it is no text table; check its suffix")
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return "cp1252", (f"{path.name} is not UTF-8; it was read as Windows-1252.",)
    return "utf-8-sig", ()


def _read(header: Header, columns: Sequence[str]) -> pd.DataFrame:
    import pyarrow
    import pyarrow.csv

    # By position, since a name may stand twice. Arrow refuses a record with a field too many or too few,
    # which pandas would cut or fill in silence and so shift answers into neighbouring columns.
    first = _header_fields(header)
    names = [str(i) for i in range(len(first))]
    at = [str(first.index(header.stored.get(name, name))) for name in columns]
    encoding = header.settings["encoding"].removesuffix("-sig")
    try:
        table = pyarrow.csv.read_csv(
            header.path,
            pyarrow.csv.ReadOptions(column_names=names, skip_rows=1, encoding=encoding),
            pyarrow.csv.ParseOptions(delimiter=header.settings["delimiter"], newlines_in_values=True),
            pyarrow.csv.ConvertOptions(
                include_columns=list(dict.fromkeys(at)),
                null_values=_NOT_A_VALUE,
                strings_can_be_null=True,
                decimal_point=header.settings["decimal"],
            ),
        )
    except (pyarrow.ArrowException, UnicodeError, OSError) as error:
        if re.search("Empty CSV|Could not skip", str(error)):  # nothing after the names
            return pd.DataFrame(columns=list(columns))
        raise SurveyError(f"{header.path}: not readable as a table of text ({first_line(error)})") from error
    frame: pd.DataFrame = table.to_pandas()
    return frame[at].set_axis(list(columns), axis=1)


def _header_fields(header: Header) -> list[str]:
    with header.path.open(encoding=header.settings["encoding"], newline="") as stream:
        return _fields(stream.readline(), header.settings["delimiter"])


DELIMITED = Format("delimited text", (".csv", ".tsv", ".txt"), _inspect, _read)
