"""A survey with a known truth: invented countries whose target answers depend on their values.

Example:
    >>> write_synthetic_survey("synthetic.sav", seed=1)
    >>> load_world().targets["Q29"].loadings  # by how much each value item moves the answer
    {...}
"""

from value_personas.data.synthetic.survey_file import CODEBOOK, write_synthetic_survey
from value_personas.data.synthetic.world import AnswerLaw, Causes, load_world

__all__ = [
    "CODEBOOK",
    "AnswerLaw",
    "Causes",
    "load_world",
    "write_synthetic_survey",
]
