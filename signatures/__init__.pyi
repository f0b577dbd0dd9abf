from .audit import RecoverAnswer
from .descriptor import HedgedDescriptor, UnhedgedDescriptor
from .domain import (
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
from .errors import (
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
from .respondent import AnswerAsPersona, StateAnswerDistribution

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
