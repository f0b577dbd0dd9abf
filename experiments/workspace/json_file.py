"""JSON files of one frozen model each: the class that writes a file is the class that reads it."""

import json
import math
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Any, TypeVar

import pandas as pd
from pydantic import BaseModel, BeforeValidator, PlainSerializer, ValidationError

from value_personas.data import one_line
from value_personas.experiments.workspace.folders import replace_text
from value_personas.signatures import Frozen, StoreError

Model = TypeVar("Model", bound=BaseModel)


def _read(value: object) -> object:
    return float("nan") if value is None else value


def _shown(value: object) -> object:
    return None if isinstance(value, float) and not math.isfinite(value) else value


Figure = Annotated[float, BeforeValidator(_read), PlainSerializer(_shown, when_used="json")]
"""A number to its last digit; NaN, which JSON lacks, stands there as null."""

Rows = tuple[dict[str, Annotated[bool | int | float | str | None, PlainSerializer(_shown)]], ...]
"""The rows of a table; what is undefined is null."""


class FileModel(Frozen):
    """A file of ours, or a part of one: frozen, and a key that it does not know is refused, never skipped."""


def write_json(path: Path, model: BaseModel) -> None:
    """Write a file that ``read_json`` reads, whole or not at all.

    Raises:
        StoreError: when it cannot be written.
    """
    replace_text(path, f"{model.model_dump_json(indent=2)}\n")


def read_json(path: Path, model: type[Model]) -> Model:
    """Read what ``write_json`` wrote. Nothing in the file is executed.

    Raises:
        StoreError: when it is absent, damaged or of another version.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: absent ({error.strerror})") from None
    with in_one_line(path):
        return model.model_validate_json(content)


@contextmanager
def in_one_line(path: Path) -> Iterator[None]:
    """Say in one line what a file holds that its model does not allow."""
    try:
        yield
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = one_line(".".join(map(str, first["loc"])), 80)
        why = f"{where}: {one_line(first['msg'])}" if where else "no JSON object"
        raise StoreError(f"{path}: damaged or of another version: {why}") from None


def rows_of(table: pd.DataFrame) -> Rows:
    """A table's rows, every digit as it is."""
    return tuple({str(name): value for name, value in row.items()} for row in table.to_dict("records"))


def json_rows(table: pd.DataFrame) -> list[dict[str, Any]]:
    """A table's rows as a command prints them: 15 digits, and what is undefined is null."""
    rows: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=15))
    return rows
