"""What an ablation varies; a section of the recipe."""

from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from value_personas.experiments.recipe.personas import known_kind
from value_personas.experiments.recipe.section import Section
from value_personas.experiments.recipe.sweep import FIXED_KEYS, OfKeys, dotted
from value_personas.experiments.scoring import SCORES, ScoreName

CALIBRATION_LEVELS = ("none", "persona", "population")

_OWN_FACTORS = {"personas": "kind and country", "calibration.kinds": "calibration"}
"""Recipe keys that the factors ``kind``, ``country`` and ``calibration`` set themselves."""


class AblationSettings(Section):
    """Which parts of the method are taken away or exchanged.

    Three factors are rows of one run: ``kind`` (persona kinds), ``country`` (whether the persona names the
    country) and ``calibration`` (none, persona, population). Any other is a recipe key with the values that
    it takes.

    Attributes:
        design: one factor at a time, or every combination of levels.
        factors: factor → levels, the base first.
        scores: the scores whose differences are tested.
    """

    design: Literal["one-at-a-time", "factorial"] = "one-at-a-time"
    factors: Annotated[dict[str, tuple[Any, ...]], OfKeys()] = Field(default_factory=dict)
    scores: tuple[ScoreName, ...] = Field(default=("normalised_mae", "wasserstein"), min_length=1)

    @field_validator("factors", mode="before")
    @classmethod
    def _dotted(cls, given: Any) -> Any:
        return dict(dotted(given)) if isinstance(given, dict) else given

    @field_validator("scores")
    @classmethod
    def _lower_is_better(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        usable = [name for name, score in SCORES.items() if score.better == "lower"]
        if unknown := [name for name in names if name not in usable]:
            raise ValueError(f"{unknown[0]!r} is no error; there are {', '.join(usable)}")
        return names

    @model_validator(mode="after")
    def _sound_factors(self) -> "AblationSettings":
        for name, levels in self.factors.items():
            if name.partition(".")[0] in FIXED_KEYS:
                raise ValueError(f"{name} is one for the whole ablation and cannot be a factor")
            if name in _OWN_FACTORS:
                raise ValueError(f"{name} is varied by the factors {_OWN_FACTORS[name]}")
            if len(levels) < 2 or any(levels.count(level) > 1 for level in levels):
                raise ValueError(f"factors.{name} needs two levels or more, each once, the base first")
            _check_levels(name, levels)
        return self


def _check_levels(name: str, levels: tuple[Any, ...]) -> None:
    """The levels of the three factors that are rows of one run."""
    if name == "kind":
        for level in levels:
            known_kind(str(level))
    elif name == "country" and any(not isinstance(level, bool) for level in levels):
        raise ValueError("factors.country takes true and false")
    elif name == "calibration" and not set(levels) <= set(CALIBRATION_LEVELS):
        raise ValueError(f"factors.calibration takes {', '.join(CALIBRATION_LEVELS)}")
