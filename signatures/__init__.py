"""What is asked: the vocabulary of the project and the prompts, declared as DSPy signatures.

The prompts are imported on first use, so that ``data``, which only needs the vocabulary, never loads DSPy.
"""

from importlib import import_module
from typing import TYPE_CHECKING

from value_personas.signatures.domain import (
    Answer,
    Axis,
    MissingAnswer,
    MissingReason,
    Persona,
    Profile,
    Question,
    Scale,
    ValueItem,
    items_by_code,
)
from value_personas.signatures.errors import (
    AuthenticationError,
    BudgetError,
    CalibrationError,
    EngineError,
    LeakError,
    RecipeError,
    StoreError,
    SurveyError,
    ValuePersonasError,
)

if TYPE_CHECKING:
    from value_personas.signatures.audit import RecoverAnswer
    from value_personas.signatures.descriptor import HedgedDescriptor, UnhedgedDescriptor
    from value_personas.signatures.respondent import AnswerAsPersona, StateAnswerDistribution

__all__ = [
    "Answer",
    "AnswerAsPersona",
    "AuthenticationError",
    "Axis",
    "BudgetError",
    "CalibrationError",
    "EngineError",
    "HedgedDescriptor",
    "LeakError",
    "MissingAnswer",
    "MissingReason",
    "Persona",
    "Profile",
    "Question",
    "RecipeError",
    "RecoverAnswer",
    "Scale",
    "StateAnswerDistribution",
    "StoreError",
    "SurveyError",
    "UnhedgedDescriptor",
    "ValueItem",
    "ValuePersonasError",
    "items_by_code",
]

_PROMPTS = {
    "AnswerAsPersona": "value_personas.signatures.respondent",
    "HedgedDescriptor": "value_personas.signatures.descriptor",
    "RecoverAnswer": "value_personas.signatures.audit",
    "StateAnswerDistribution": "value_personas.signatures.respondent",
    "UnhedgedDescriptor": "value_personas.signatures.descriptor",
}


def __getattr__(name: str) -> object:
    """Import a prompt when it is first asked for (PEP 562)."""
    if name in _PROMPTS:
        return getattr(import_module(_PROMPTS[name]), name)
    raise AttributeError(f"module 'value_personas.signatures' has no attribute {name!r}")
