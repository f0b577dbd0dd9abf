"""Excel workbooks and Parquet tables."""

import warnings
import zipfile
import zlib
from collections.abc import Generator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import pandas as pd

from value_personas.data.formats.base import Format, Header, damaged
from value_personas.data.formats.column_names import clean_columns
from value_personas.data.formats.plain_text import one_line
from value_personas.signatures import SurveyError

# A damaged workbook fails wherever openpyxl first misses something: in the archive, in its compression, in
# the XML, or in what it made of them.
_DAMAGE = (
    zipfile.BadZipFile,
    zlib.error,
    SyntaxError,  # the XML, whichever parser reads it
    ArithmeticError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    OSError,
    TypeError,
    ValueError,
)


_MOST_BYTES = 4 << 30
_MOST_UNPACKED = 1 << 30
_BYTES_A_CELL = 8


def _refuse_huge(path: Path, size: int, most: int = _MOST_BYTES) -> None:
    if size > most:
        raise SurveyError(
            f"{path}: {path.stat().st_size / 1e6:.1f} MB that unpack to {size / 1e9:.1f} GB; at most "
            f"{most / 1e9:.1f} GB are read, so take fewer columns or records into the file"
        )


def _data_sheet(book: Any) -> Any:
    """The first sheet, unless it is a cover: a title at most, where another has column names."""
    names = [
        sum(cell is not None for cell in next(sheet.iter_rows(max_row=1, values_only=True), ()))
        for sheet in book.worksheets
    ]
    return book.worksheets[0 if names[0] > 1 else names.index(max(names))]


def _rows(path: Path) -> Generator[tuple[Any, ...], None, None]:
    """The name of the sheet where it is not the first, and then its rows."""
    import openpyxl
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        with zipfile.ZipFile(path) as archive:
            _refuse_huge(path, sum(part.file_size for part in archive.infolist()), _MOST_UNPACKED)
        with warnings.catch_warnings():
            # Says only that the sheet will look plain.
            warnings.filterwarnings("ignore", "Workbook contains no default style", UserWarning)
            book = openpyxl.load_workbook(path, read_only=True, data_only=True)
        with closing(book):
            sheet = _data_sheet(book)
            yield (sheet.title if sheet is not book.worksheets[0] else "",)
            yield from sheet.iter_rows(values_only=True)
    except (InvalidFileException, *_DAMAGE) as error:
        raise SurveyError(damaged(path, "an Excel workbook", error)) from error


def _inspect_excel(path: Path, encoding: str | None) -> Header:
    with closing(_rows(path)) as rows:
        sheet = str(next(rows)[0])
        first = next(rows, ())
    names = ["" if cell is None else str(cell) for cell in first]
    if not any(names):
        raise SurveyError(f"{path}: the first row of the first sheet is empty; expected the column names")
    cover: tuple[str, ...] = ()
    if sheet:
        cover = (f"{path.name}: the first sheet holds no table; sheet {one_line(sheet, 40)!r} is read.",)
    columns, stored, labels, repeats = clean_columns(names)
    notes = (
        (f"{path.name} holds {repeats} repeated column name(s); the first of each is read.",)
        if repeats
        else ()
    )
    return Header(path, columns, stored, labels, notes=notes + cover)


def _read_excel(header: Header, columns: Sequence[str]) -> pd.DataFrame:
    with closing(_rows(header.path)) as rows:
        next(rows)  # the name of the sheet
        first = ["" if cell is None else str(cell) for cell in next(rows)]
        at = [first.index(header.stored.get(name, name)) for name in columns]
        records = [[row[i] if i < len(row) else None for i in at] for row in rows]
    filled = [row for row in records if any(cell is not None for cell in row)]
    return pd.DataFrame(filled, columns=list(columns)).infer_objects()


def _inspect_parquet(path: Path, encoding: str | None) -> Header:
    import pyarrow
    import pyarrow.parquet

    try:
        file = pyarrow.parquet.ParquetFile(path)
    except (pyarrow.ArrowException, ValueError, OSError) as error:
        raise SurveyError(damaged(path, "a Parquet table", error)) from error
    with file:
        names = [name for name in file.schema_arrow.names if not name.startswith("__index_level_")]
        rows = file.metadata.num_rows
    columns, stored, labels, _ = clean_columns(names)
    return Header(path, columns, stored, labels, rows=rows)


def _unpacked(metadata: Any, columns: set[str]) -> int:
    """Bytes of the pages of some columns, after decompression."""
    groups = (metadata.row_group(i) for i in range(metadata.num_row_groups))
    chunks = (group.column(i) for group in groups for i in range(group.num_columns))
    return sum(chunk.total_uncompressed_size for chunk in chunks if chunk.path_in_schema in columns)


def _is_text(kind: Any) -> bool:
    import pyarrow

    return bool(pyarrow.types.is_string(kind) or pyarrow.types.is_binary(kind))


def _spelt_out(column: Any) -> int:
    """Bytes of a column's texts once each cell holds its own, where they are kept once."""
    import pyarrow
    import pyarrow.compute

    if not (pyarrow.types.is_dictionary(column.type) and _is_text(column.type.value_type)):
        return 0
    total = 0
    for chunk in column.chunks:
        lengths = pyarrow.compute.call_function("binary_length", [chunk.dictionary])
        total += pyarrow.compute.call_function("sum", [lengths.take(chunk.indices)]).as_py() or 0
    return total


def _read_parquet(header: Header, columns: Sequence[str]) -> pd.DataFrame:
    import pyarrow
    import pyarrow.parquet

    stored = [header.stored.get(name, name) for name in columns]
    try:
        with pyarrow.parquet.ParquetFile(header.path) as file:
            _refuse_huge(header.path, file.metadata.num_rows * len(stored) * _BYTES_A_CELL)
            _refuse_huge(header.path, _unpacked(file.metadata, set(stored)))
            texts = [field.name for field in file.schema_arrow if _is_text(field.type)]
        # Not read_table, which believes pandas' own metadata. A text that many cells share is kept once.
        with pyarrow.parquet.ParquetFile(header.path, read_dictionary=texts) as file:
            table = file.read(columns=stored)
        _refuse_huge(header.path, sum(map(_spelt_out, table.columns)))
        for name in set(texts) & set(stored):
            at = table.schema.get_field_index(name)
            table = table.set_column(at, name, table.column(at).cast(table.schema.field(at).type.value_type))
        nested = [field.name for field in table.schema if pyarrow.types.is_nested(field.type)]
    except (pyarrow.ArrowException, ValueError, OSError) as error:
        raise SurveyError(damaged(header.path, "a Parquet table", error)) from error
    if nested:
        raise SurveyError(
            f"{header.path}: column {nested[0]!r} holds lists or records; expected one value a cell"
        )
    frame: pd.DataFrame = table.replace_schema_metadata(None).to_pandas()
    return frame[stored].set_axis(list(columns), axis=1)


EXCEL = Format("Excel", (".xlsx", ".xlsm"), _inspect_excel, _read_excel)
PARQUET = Format("Parquet", (".parquet",), _inspect_parquet, _read_parquet)
