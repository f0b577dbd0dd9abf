"""What a recipe claims before anything is asked."""

from typing import Annotated, Literal

from pydantic import Field, field_validator

from value_personas.experiments.comparators import COMPARATORS
from value_personas.experiments.recipe.personas import known_kind
from value_personas.experiments.recipe.section import Section
from value_personas.experiments.scoring import ScoreName
from value_personas.signatures import OfForm

BASE = "base"
"""What an ablation calls the variant that the others are compared with."""


class Hypothesis(Section):
    """A claim of two rows of the table, stated before anything is asked and judged when all is scored.

    Attributes:
        claim: what is claimed, in words that stand in the report.
        method: a row of the run's table, for example ``values-hedged + calibrated``, ``training-mean`` or
            ``uniform``; of an ablation a variant by its label, for example ``profiles.n=5``, or ``base``.
        against: the row that it is compared with, likewise.
        score: by which; of a score that is no error, its distance from the best.
        direction: whether the method's error is claimed to be lower or higher.
        margin: by how much at least, in units of the score.
        among: all cells; questions near to the value items or far from them; countries that are poorly
            represented by ``scoring.gap_…`` (the half with the larger index) or the others; or a cultural
            zone.
        growth: whether the claim is of how the difference changes with that index, for one standard deviation
            of it, in place of the difference itself.
    """

    claim: Annotated[str, Field(min_length=1), OfForm(r"^[^\n]*$", "one line")]
    method: str
    against: str
    score: ScoreName = "normalised_mae"
    direction: Literal["lower", "higher"] = "lower"
    margin: Annotated[float, Field(ge=0.0)] = 0.0
    among: Literal["all", "near", "far", "remote", "represented"] | str = "all"
    growth: bool = False

    @field_validator("method", "against")
    @classmethod
    def _some_row(cls, name: str) -> str:
        if name == BASE or "=" in name or name in COMPARATORS:
            return name
        known_kind(name.partition(" + calibrated")[0])
        return name
