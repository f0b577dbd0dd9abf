"""Settings that name files: their type says so, and whoever looks after files reads it off the model."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel

from value_personas.experiments.recipe.section import settings_marked


@dataclass(frozen=True, slots=True)
class NamesFile:
    """Marks a setting that names a file, or a tuple of files.

    Such a path is relative to the recipe's own file where it stands in one; the file's hash is recorded with
    a run, its size and time with a cell of a sweep; and a run is repeated only where it is there.

    Attributes:
        unless: a pattern of what the setting may hold that is no file's name.
        copy: the file of a run's record that holds the same, by which the run is repeated; none as a rule.
    """

    unless: str = "(?!)"
    copy: str | None = None

    def is_path(self, value: str) -> bool:
        """Whether a value is a file's name."""
        return re.fullmatch(self.unless, value) is None


RecipePath = Annotated[Path, NamesFile()]
"""A file that a recipe names."""


def files_of(recipe: BaseModel) -> Iterator[tuple[str, Path]]:
    """Every file that a recipe names, with its dotted key."""
    for key, mark in settings_marked(type(recipe), NamesFile).items():
        value: Any = recipe
        for name in key.split("."):
            value = getattr(value, name, None)
        for one in value if isinstance(value, tuple) else (value,):
            if one is not None and mark.is_path(str(one)):
                yield key, Path(one).expanduser()
