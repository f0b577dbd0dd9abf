"""What a sweep varies; a section of the recipe."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema, field_validator, model_validator

from value_personas.experiments.recipe.section import Section

FIXED_KEYS = frozenset(
    {"ablation", "description", "extends", "name", "search", "store", "sweep", "tracking", "workspace"}
)
"""Where things are kept and what they are called belongs to the whole sweep, never to one cell."""


@dataclass(frozen=True, slots=True)
class OfKeys:
    """Marks a table whose own keys are keys of the whole recipe, or a list of such."""


_NESTED = WithJsonSchema({"type": "object"})
"""Dotted keys may be written as nested tables, so that a file's value is any table."""


class SweepSettings(Section):
    """A grid, a list, or both: then every listed cell is combined with every point of the grid.

    Attributes:
        grid: recipe key → the values it takes; every combination is a cell.
        cells: recipe key → value, for each cell.
    """

    grid: Annotated[dict[str, tuple[Any, ...]], _NESTED, OfKeys()] = Field(default_factory=dict)
    cells: Annotated[tuple[dict[str, Any], ...], OfKeys()] = ()

    @field_validator("grid", mode="before")
    @classmethod
    def _dotted_grid(cls, given: Any) -> Any:
        return dict(dotted(given)) if isinstance(given, dict) else given

    @field_validator("cells", mode="before")
    @classmethod
    def _dotted_cells(cls, given: Any) -> Any:
        if not isinstance(given, list | tuple):
            return given
        return [dict(dotted(cell)) if isinstance(cell, dict) else cell for cell in given]

    @model_validator(mode="after")
    def _something_to_vary(self) -> "SweepSettings":
        if not self.grid and not self.cells:
            raise ValueError("name values in sweep.grid, or cells in sweep.cells")
        if empty := [key for key, values in self.grid.items() if not values]:
            raise ValueError(f"grid.{empty[0]} names no value")
        keys = [*self.grid, *(key for cell in self.cells for key in cell)]
        if fixed := [key for key in keys if key.partition(".")[0] in FIXED_KEYS]:
            raise ValueError(f"{fixed[0]} is one for the whole sweep and cannot be varied")
        if twice := [key for key in self.grid if any(key in cell for cell in self.cells)]:
            raise ValueError(f"{twice[0]} is varied by the grid and by a cell")
        return self


def dotted(table: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    """Nested tables as dotted keys, so that ``profiles.n`` need not be quoted in TOML."""
    for key, value in table.items():
        if isinstance(value, dict) and value:
            yield from dotted(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value
