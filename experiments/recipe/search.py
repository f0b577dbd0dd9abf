"""What a search over the recipe may be told; a section of the recipe."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, WithJsonSchema, field_validator, model_validator

from value_personas.experiments.recipe.section import Section
from value_personas.experiments.recipe.sweep import FIXED_KEYS, OfKeys, dotted
from value_personas.experiments.scoring import SCORES

MAP_DISTANCE = "map_distance"
_BESIDE_SCORES = ("calls", "cost", "1/worth", MAP_DISTANCE)


class Range(Section):
    """Numbers to search among; whole ones where both ends are whole.

    Attributes:
        low: the least.
        high: the largest.
        log: whether they are searched on a log scale.
    """

    low: int | float
    high: int | float
    log: bool = False

    @model_validator(mode="after")
    def _rises(self) -> "Range":
        if not self.low < self.high:
            raise ValueError(f"the range must rise, got {self.low} … {self.high}")
        if self.log and self.low <= 0:
            raise ValueError("a log scale begins above 0")
        return self

    @property
    def whole(self) -> bool:
        """Whether only whole numbers are tried."""
        return isinstance(self.low, int) and isinstance(self.high, int)


def _known_objective(name: str) -> str:
    if name not in SCORES and name not in _BESIDE_SCORES:
        raise ValueError(f"no such objective; there are {', '.join([*SCORES, *_BESIDE_SCORES])}")
    return name


Objective = Annotated[str, AfterValidator(_known_objective)]


class RecipeSearch(Section):
    """Which settings of the whole recipe are searched, and for what.

    Attributes:
        space: recipe key → a list of choices, or ``{low = …, high = …, log = true}``.
        method: the row of the table that is judged, such as ``values-hedged + calibrated``; the last one of
            a language model when absent.
        objectives: what is minimised: scores, turned so that 0 is best; ``calls``, answers asked for a cell;
            ``cost``, what they come to by ``respondent.prices``; ``1/worth``, one over the worth in people;
            ``map_distance``, between people and the model's population on the cultural map, for which the
            method's personas are asked the value items too, and which no calibration moves.
            The first chooses the setting, two or more draw a Pareto front.
        trials: settings tried in all, earlier sessions of the same study included.
        pruner: stops a trial whose first folds are poor (single objective only).
        held_out_countries: the share of each zone's countries that the search never sees.
        held_out_zones: whole zones to hold out in place of a share of each.
        study: the study's name; derived from what is searched when absent.
        storage: an SQLAlchemy URL when several machines share the study; else a journal in the workspace.
    """

    space: Annotated[
        dict[str, Range | Annotated[tuple[Any, ...], Field(min_length=2)]],
        WithJsonSchema({"type": "object"}),
        OfKeys(),
    ]
    method: str | None = None
    objectives: Annotated[tuple[Objective, ...], Field(min_length=1)] = ("wasserstein",)
    trials: Annotated[int, Field(ge=1)] = 40
    pruner: Literal["none", "median", "hyperband"] = "hyperband"
    held_out_countries: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.3
    held_out_zones: tuple[str, ...] | None = None
    study: str | None = None
    storage: str | None = None

    @field_validator("space", mode="before")
    @classmethod
    def _dotted_space(cls, given: Any) -> Any:
        return dict(_ranges_together(given)) if isinstance(given, Mapping) else given

    @field_validator("space")
    @classmethod
    def _something_free(cls, space: dict[str, Any]) -> dict[str, Any]:
        if not space:
            raise ValueError("name a key of the recipe and what it may be")
        if fixed := [key for key in space if key.partition(".")[0] in FIXED_KEYS]:
            raise ValueError(f"{fixed[0]} is one for the whole search and cannot be varied")
        return space


def _ranges_together(table: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    """Dotted key → choices or a range, however deep the tables are nested."""
    ranges: dict[str, dict[str, Any]] = {}
    for key, value in dotted(table):
        head, _, last = key.rpartition(".")
        if head and last in Range.model_fields:
            ranges.setdefault(head, {})[last] = value
        else:
            yield key, value
    yield from ranges.items()
