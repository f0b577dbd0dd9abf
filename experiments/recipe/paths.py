"""Settings that name files: their type says so, and whoever looks after files reads it off the model."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Any, get_args

from pydantic import BaseModel

__all__ = ["NamesFile", "RecipePath", "file_settings", "files_of"]


@dataclass(frozen=True, slots=True)
class NamesFile:
    """Marks a setting that names a file, or a tuple of files.

    Such a path is relative to the recipe's own file where it stands in one; the file's hash is recorded with
    a run, its size and time with a cell of a sweep; and a run is repeated only where it is there.

    Attributes:
        unless: a pattern of what the setting may hold that is no file's name.
    """

    unless: str = "(?!)"

    def is_path(self, value: str) -> bool:
        """Whether a value is a file's name."""
        return re.fullmatch(self.unless, value) is None


RecipePath = Annotated[Path, NamesFile()]
"""A file that a recipe names."""


@cache
def file_settings(model: type[BaseModel]) -> Mapping[str, NamesFile]:
    """Dotted key → how it names a file, for every setting of a model that does, in the model's order."""
    return dict(_marked(model, ""))


def files_of(recipe: BaseModel) -> Iterator[tuple[str, Path]]:
    """Every file that a recipe names, with its dotted key."""
    for key, mark in file_settings(type(recipe)).items():
        value: Any = recipe
        for name in key.split("."):
            value = getattr(value, name, None)
        for one in value if isinstance(value, tuple) else (value,):
            if one is not None and mark.is_path(str(one)):
                yield key, Path(one).expanduser()


def _marked(model: type[BaseModel], prefix: str) -> Iterator[tuple[str, NamesFile]]:
    for name, field in model.model_fields.items():
        parts = [*field.metadata, *_parts(field.annotation)]
        yield from ((f"{prefix}{name}", part) for part in parts if isinstance(part, NamesFile))
        for part in parts:
            if isinstance(part, type) and issubclass(part, BaseModel):
                yield from _marked(part, f"{prefix}{name}.")


def _parts(annotation: Any) -> Iterator[Any]:
    """A type and everything that it is made of; of ``Annotated``, what it says too."""
    yield annotation
    for part in get_args(annotation):
        yield from _parts(part)
