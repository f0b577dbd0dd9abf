"""A survey with a known truth: invented countries whose target answers depend on their values.

Example:
    >>> truth = write_synthetic_survey("synthetic.sav", seed=1)
    >>> truth.population_distribution("Q29", "XNA").sum()
    1.0
"""

from value_personas.data.synthetic.survey_file import write_synthetic_survey
from value_personas.data.synthetic.truth import SyntheticTruth
from value_personas.data.synthetic.world import (
    AnswerLaw,
    ItemLaw,
    SyntheticCountry,
    World,
    load_world,
)

__all__ = [
    "AnswerLaw",
    "ItemLaw",
    "SyntheticCountry",
    "SyntheticTruth",
    "World",
    "load_world",
    "write_synthetic_survey",
]
