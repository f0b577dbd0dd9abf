"""Columns of a survey file as they were read once: the next reading of them is that of a Parquet table."""

import os
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from hashlib import sha256
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import orjson
import pandas as pd

from value_personas.data.formats.base import Header
from value_personas.data.formats.readers import read_columns

_MARK = b"value_personas_columns"


def read_columns_once(header: Header, columns: Sequence[str], digest: str, folder: Path) -> pd.DataFrame:
    """The same as ``read_columns``, kept in a folder.

    What cannot be kept to the last value is read anew each time, as is a kept file that is damaged or says
    that it is of something else.

    Args:
        header: of the file.
        columns: clean names.
        digest: the SHA-256 of the file's bytes.
        folder: where respondents' answers may lie; made if need be, for its owner's eyes.

    Raises:
        SurveyError: as ``read_columns``.
    """
    key = _key(header, columns, digest)
    kept = folder / f"{key}.parquet"
    found = _read(kept, key)
    if found is not None:
        return found
    frame = read_columns(header, columns)
    with suppress(OSError):  # a full disk keeps nobody from reading
        _keep(frame, kept, key)
    return frame


def _key(header: Header, columns: Sequence[str], digest: str) -> str:
    """A hash of all that determines what is read."""
    try:
        reader = version("value-personas")
    except PackageNotFoundError:  # a checkout on the path
        reader = ""
    names = [(name, header.stored.get(name, name)) for name in columns]
    said = [reader, pd.__version__, digest, header.path.suffix.lower(), names, dict(header.settings)]
    return sha256(orjson.dumps(said)).hexdigest()[:32]


def _read(kept: Path, key: str) -> pd.DataFrame | None:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.parquet.read_table(kept)
        if (table.schema.metadata or {}).get(_MARK) != key.encode():
            return None
        frame: pd.DataFrame = table.to_pandas()
    except (pyarrow.ArrowException, ValueError, KeyError, OSError):
        return None
    return frame


def _keep(frame: pd.DataFrame, kept: Path, key: str) -> None:
    import pyarrow
    import pyarrow.parquet

    try:
        table = pyarrow.Table.from_pandas(frame, preserve_index=False)
    except (pyarrow.ArrowException, ValueError, TypeError):  # numbers and texts in one column
        return
    again = table.to_pandas()
    if not (again.dtypes.equals(frame.dtypes) and again.equals(frame)):
        return
    kept.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    handle, partial = tempfile.mkstemp(dir=kept.parent, suffix=".part")
    os.close(handle)
    try:
        pyarrow.parquet.write_table(
            table.replace_schema_metadata({**(table.schema.metadata or {}), _MARK: key.encode()}), partial
        )
        Path(partial).replace(kept)
    finally:
        Path(partial).unlink(missing_ok=True)
