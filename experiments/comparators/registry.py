"""Every comparator by name: the package's own, then those of the group ``value_personas.comparators``."""

from typing import Annotated

from pydantic import AfterValidator

from value_personas.experiments.comparators.base import Comparator
from value_personas.experiments.comparators.map_neighbours import MAP_NEIGHBOURS
from value_personas.experiments.comparators.nulls import MAJORITY, PERMUTED, UNIFORM
from value_personas.experiments.comparators.regression import ORDINAL, RIDGE
from value_personas.experiments.comparators.split_half import SPLIT_HALF
from value_personas.experiments.comparators.training_mean import TRAINING_MEAN
from value_personas.signatures import Registry

COMPARATORS = Registry(
    "value_personas.comparators",
    Comparator,
    {
        "training-mean": TRAINING_MEAN,
        "map-neighbours": MAP_NEIGHBOURS,
        "ridge": RIDGE,
        "ordinal": ORDINAL,
        "split-half": SPLIT_HALF,
        "uniform": UNIFORM,
        "majority": MAJORITY,
        "permuted": PERMUTED,
    },
)
"""Name → comparator."""


def _known(name: str) -> str:
    if name not in COMPARATORS:
        raise ValueError(f"no such comparator; {COMPARATORS.nearest(name)}")
    return name


ComparatorName = Annotated[str, AfterValidator(_known)]
"""The name of a comparator as a recipe gives it."""
