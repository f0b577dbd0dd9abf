"""What a recipe says of Shapley values."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from value_personas.experiments.recipe.personas import PersonaKind
from value_personas.experiments.recipe.section import Section
from value_personas.experiments.scoring import ScoreName
from value_personas.programs.personas import parse_kind

MethodName = Literal["exact", "permutation"]

Count = Annotated[int, Field(ge=1)]


class ShapleySettings(Section):
    """Whose share of a prediction's error is told, and how closely it is looked at.

    Attributes:
        kind: the persona kind that carries the items.
        empty: the kind that is asked when no item is told. Its error is the one that ``run`` reports for this
            kind, the ten neutral wordings averaged. Beside a kind that names the country, ``country`` keeps
            what the name alone does out of the items' values.
        players: ``items``, ``axes``, or a table of groups, name = [item codes], which hold every item once.
        score: any score of a cell, turned so that 0 is best.
        method: ``exact`` asks every coalition; ``permutation`` adds the players one by one in drawn orders,
            each followed by its reverse.
        pairs: orders and their reverses that ``permutation`` draws.
        budget_calls: calls in all, descriptors and stored answers included, so that what was stopped and goes
            on ends where an unbroken one does. Coalitions are chosen so that it cannot be passed; what a
            provider fails at and is asked again does not count here, but under ``respondent.max_calls``.
        calibrated: whether every persona's answers are widened by ``calibration.temperature``; those
            without an item are too, or the first item would be credited with what the widening does.
    """

    kind: PersonaKind = "values-hedged"
    empty: PersonaKind = "none"
    players: Literal["items", "axes"] | dict[str, tuple[str, ...]] = "items"
    score: ScoreName = "normalised_mae"
    method: MethodName = "permutation"
    pairs: Annotated[int, Field(ge=2)] = 16
    budget_calls: Count | None = None
    calibrated: bool = False

    @model_validator(mode="before")
    @classmethod
    def _without_kernel(cls, told: Any) -> Any:
        """Recipes of 0.1.0 could ask for KernelSHAP; beside another method its two settings are read over."""
        if not isinstance(told, dict):
            return told
        if told.get("method") == "kernel":
            raise ValueError("method kernel (KernelSHAP) is gone; name exact or permutation")
        return {key: value for key, value in told.items() if key not in ("samples", "repeats")}

    @field_validator("kind")
    @classmethod
    def _carries_own_values(cls, kind: str) -> str:
        spec = parse_kind(kind)
        if not spec.states_values or spec.population != "own":
            raise ValueError("it carries no values of a country's own people; name for example values-hedged")
        return kind

    @field_validator("empty")
    @classmethod
    def _carries_no_values(cls, kind: str) -> str:
        spec = parse_kind(kind)
        if spec.states_values or spec.forecasts:
            what = "carries values" if spec.states_values else "is a forecast"
            raise ValueError(f"it {what}, and stands for no item; name none or country")
        return kind
