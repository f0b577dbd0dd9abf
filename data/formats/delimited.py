"""Text tables (.csv, .tsv, .txt): delimiter, decimal sign and encoding are recognised."""

import codecs
import csv
import io
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TextIO

import pandas as pd

from value_personas.data.formats.base import Format, Header, first_line
from value_personas.data.formats.column_names import clean_columns
from value_personas.signatures import SurveyError

_DELIMITERS = (",", ";", "\t", "|")
_CHUNK = 1 << 20
_SEPARATOR_MARK = re.compile(r"\ufeff?\"?sep=(.)\"?\r?\n", re.IGNORECASE)  # Excel's own first line

# Customary lists would also take the answer "None" for a missing one.
_NOT_A_VALUE = ["", "NA", "NaN", "nan", ".", "#N/A", "#NULL!", " "]


def _inspect(path: Path, encoding: str | None) -> Header:
    found, notes = (encoding, ()) if encoding else _recognise_encoding(path)
    try:
        with path.open(encoding=found, newline="") as stream:
            sample = stream.read(_CHUNK)
    except (UnicodeError, LookupError) as error:
        raise SurveyError(
            f"{path}: its texts cannot be read in encoding {found!r} ({first_line(error)}); name another: "
            '--encoding cp1252 (in a recipe: survey.encoding = "cp1252")'
        ) from error
    marked = _SEPARATOR_MARK.match(sample)
    if marked:
        sample = sample[marked.end() :]
    if not sample.lstrip("\ufeff").split("\n", 1)[0].strip():
        raise SurveyError(f"{path}: the first line is empty; expected the column names")
    headers = {sign: _first_record(io.StringIO(sample, newline=""), sign)[0] for sign in _DELIMITERS}
    delimiter = marked[1] if marked else max(_DELIMITERS, key=lambda sign: len(headers[sign]))
    if delimiter not in headers:
        headers[delimiter] = _first_record(io.StringIO(sample, newline=""), delimiter)[0]
    columns, stored, labels, repeats = clean_columns(headers[delimiter])
    if repeats:
        notes += (f"{path.name} holds {repeats} repeated column name(s); the first of each is the one read.",)
    settings = {
        "encoding": found,
        "delimiter": delimiter,
        "decimal": _decimal_sign(sample, delimiter),
        "before": "1" if marked else "0",  # lines before the column names
    }
    return Header(path, columns, stored, labels, notes=notes, settings=settings)


def _first_record(stream: TextIO, delimiter: str) -> tuple[list[str], int]:
    """The fields of the first record, and how many lines it takes: a quoted name may hold line breaks."""
    records = csv.reader(stream, delimiter=delimiter)
    try:
        fields = next(records, [])
    except csv.Error:  # a field without an end: this is not how the table is written
        return [], 1
    return [field.removeprefix("\ufeff") for field in fields], records.line_num


def _decimal_sign(sample: str, delimiter: str) -> str:
    """A comma where whole fields are numbers with one; in a table delimited by commas there is none."""
    sign = re.escape(delimiter)
    number = rf'(?:^|{sign})"?-?\d+,\d+"?(?:{sign}|\r?$)'
    return "," if delimiter != "," and re.search(number, sample, re.MULTILINE) else "."


def _recognise_encoding(path: Path) -> tuple[str, tuple[str, ...]]:
    """UTF-8 or UTF-16 by their marks, strict UTF-8 by decoding all of it, else Windows-1252 with a note."""
    with path.open("rb") as stream:
        start = stream.read(4)
    if start.startswith((codecs.BOM_UTF32_LE, codecs.BOM_UTF32_BE)):  # the former begins as that of UTF-16
        return "utf-32", ()
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
    before = int(header.settings["before"])
    with header.path.open(encoding=header.settings["encoding"], newline="") as stream:
        for _ in range(before):
            stream.readline()
        first, lines = _first_record(stream, header.settings["delimiter"])
    names = [str(i) for i in range(len(first))]
    at = [str(first.index(header.stored.get(name, name))) for name in columns]
    encoding = header.settings["encoding"].removesuffix("-sig")
    try:
        table = pyarrow.csv.read_csv(
            header.path,
            pyarrow.csv.ReadOptions(column_names=names, skip_rows=before + lines, encoding=encoding),
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
        raise SurveyError(f"{header.path}: {_fault(header, len(first), error)}") from None
    frame: pd.DataFrame = table.to_pandas()
    return frame[at].set_axis(list(columns), axis=1)


def _fault(header: Header, fields: int, error: Exception) -> str:
    """What is wrong with a table that Arrow refuses, by line and never with a respondent's record."""
    try:
        with header.path.open(encoding=header.settings["encoding"], newline="") as stream:
            for _ in range(int(header.settings["before"])):
                stream.readline()
            records = csv.reader(stream, delimiter=header.settings["delimiter"])
            start = 1 + int(header.settings["before"])
            for record in records:
                line, start = start, 1 + int(header.settings["before"]) + records.line_num
                if record and len(record) != fields:
                    return (
                        f"line {line} has {len(record)} fields where the column names are {fields}; a text "
                        f"with {header.settings['delimiter']!r} or a quotation mark has to stand in quotes"
                    )
    except (csv.Error, UnicodeError, OSError) as other:
        return f"not readable as a table of text ({first_line(other)})"
    return f"not readable as a table of text ({type(error).__name__})"


DELIMITED = Format("delimited text", (".csv", ".tsv", ".txt"), _inspect, _read)
