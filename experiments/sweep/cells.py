"""The cells of a sweep: a recipe each, checked before anything is read or asked."""

import hashlib
import itertools
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from value_personas.experiments.recipe.loading import varied
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.survey import SYNTHETIC
from value_personas.signatures import RecipeError

_MOST_CELLS = 10_000
_LONGEST_VALUE = 40

_UNSEEN = ("description", "name", "store", "tracking", "workspace")
"""What a recipe is called and where things are kept changes no result."""

_WHERE: dict[str, Any] = {"respondent": {"cluster"}}
"""Nor does where a model is reached."""

_FIRST_STAMPED = (
    *("survey.path", "personality.path", "survey.codebook", "program"),
    *("descriptors.frozen", "descriptors.overrides", "scoring.gap_index"),
)
"""The order of 0.1.0, so that a cell keeps its key; any other setting that names a file follows."""


@dataclass(frozen=True)
class Cell:
    """One recipe of several that belong together.

    Attributes:
        settings: what is set in it; dotted key → value.
        recipe: the whole recipe.
        label: what tells it from its neighbours, in words.
    """

    settings: Mapping[str, Any]
    recipe: Recipe
    label: str

    @cached_property
    def key(self) -> str:
        """The digest of everything that determines its result; 16 hexadecimal digits.

        A file that the recipe names counts by its name, size and time of change.
        """
        content = self.recipe.model_dump(mode="json", exclude=dict.fromkeys(_UNSEEN, True) | _WHERE)
        stamps = [_stamp(path) for path in self._files()]
        text = json.dumps([content, stamps], sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def _files(self) -> Iterator[Path]:
        """Every file that the recipe names; a codebook too, which may be a shipped one's name instead."""
        survey = self.recipe.survey
        named = [
            *self.recipe.named_files(),
            *([("survey.path", Path(SYNTHETIC))] if survey.is_synthetic else []),
        ]
        if survey.codebook:
            named.append(("survey.codebook", Path(survey.codebook).expanduser()))
        place = {key: number for number, key in enumerate(_FIRST_STAMPED)}
        yield from (path for _, path in sorted(named, key=lambda one: place.get(one[0], len(place))))


def sweep_cells(recipe: Recipe) -> tuple[Cell, ...]:
    """The cells of a recipe's ``[sweep]`` table, the last key of the grid varying fastest.

    Raises:
        RecipeError: without such a table, with too many cells or two alike, or where a cell is no valid
            recipe.
    """
    if recipe.sweep is None:
        raise RecipeError(
            f"recipe {recipe.name}: has no [sweep] table; give one, or --set 'sweep.grid.profiles.n=[10, 50]'"
        )
    base = recipe.model_copy(update={"sweep": None})
    grid = recipe.sweep.grid
    points = [dict(zip(grid, values, strict=True)) for values in _combinations(list(grid.values()))]
    settings = [{**listed, **point} for listed in recipe.sweep.cells or ({},) for point in points]
    return distinct_cells(base, [(label_of(one), one) for one in settings])


def distinct_cells(base: Recipe, settings: Sequence[tuple[str, Mapping[str, Any]]]) -> tuple[Cell, ...]:
    """A cell for each variation of a recipe.

    Args:
        base: the recipe.
        settings: a label and what is set, for each.

    Raises:
        RecipeError: where one is no valid recipe, or two come to the same.
    """
    cells = tuple(_cell(base, n, label, one) for n, (label, one) in enumerate(settings, start=1))
    seen: dict[str, Cell] = {}
    for cell in cells:
        if (twin := seen.setdefault(cell.key, cell)) is not cell:
            raise RecipeError(f"cells {twin.label} and {cell.label} are the same recipe; leave one out")
    return cells


def label_of(settings: Mapping[str, Any]) -> str:
    """Settings in words: ``profiles.n=50 profiles.design=random``."""
    return " ".join(f"{key}={short(value)}" for key, value in settings.items()) or "as it stands"


def _cell(base: Recipe, n: int, label: str, settings: Mapping[str, Any]) -> Cell:
    try:
        return Cell(settings, varied(base, settings), label)
    except RecipeError as error:  # without the label: a value that is refused may be a mistyped credential
        raise RecipeError(f"cell {n}, of {', '.join(settings)}: {error}") from None


def _combinations(values: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    found = list(itertools.islice(itertools.product(*values), _MOST_CELLS + 1))
    if len(found) > _MOST_CELLS:
        raise RecipeError(f"sweep.grid: more than {_MOST_CELLS:,} cells; vary fewer keys or values")
    return found


def short(value: Any) -> str:
    """A value in a few words."""
    text = value if isinstance(value, str) else json.dumps(value, default=str, ensure_ascii=False)
    text = " ".join(text.split())
    if len(text) <= _LONGEST_VALUE:
        return text
    mark = hashlib.sha256(text.encode()).hexdigest()[:4]  # two that begin alike must not read alike
    return f"{text[: _LONGEST_VALUE - 6]}…{mark}"


def _stamp(path: Path) -> list[str | int]:
    if (
        not path.is_file()
    ):  # the embedded population, a shipped codebook, or a file whose absence the cell itself will report
        return [str(path)]
    found = path.stat()
    return [str(path), found.st_size, found.st_mtime_ns]
