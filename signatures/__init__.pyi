from .arrays import Array, Integers, mean_of_known, quotient
from .audit import RecoverAnswer
from .descriptor import HedgedDescriptor, UnhedgedDescriptor
from .domain import (
    OPTION_LETTERS,
    Answer,
    Axis,
    MissingAnswer,
    MissingReason,
    Persona,
    Profile,
    Question,
    Scale,
    ValueItem,
)
from .errors import (
    AuthenticationError,
    BudgetError,
    EngineError,
    LeakError,
    RecipeError,
    StatisticsError,
    StoreError,
    SurveyError,
    ValuePersonasError,
)
from .forecast import ForecastAnswer, ForecastShares
from .forms import OfForm
from .frozen import Frozen
from .plugins import Registry
from .respondent import AnswerAsPersona, StateAnswerDistribution

__all__ = [
    "OPTION_LETTERS",
    "Answer",
    "AnswerAsPersona",
    "Array",
    "AuthenticationError",
    "Axis",
    "BudgetError",
    "EngineError",
    "ForecastAnswer",
    "ForecastShares",
    "Frozen",
    "HedgedDescriptor",
    "Integers",
    "LeakError",
    "MissingAnswer",
    "MissingReason",
    "OfForm",
    "Persona",
    "Profile",
    "Question",
    "RecipeError",
    "RecoverAnswer",
    "Registry",
    "Scale",
    "StateAnswerDistribution",
    "StatisticsError",
    "StoreError",
    "SurveyError",
    "UnhedgedDescriptor",
    "ValueItem",
    "ValuePersonasError",
    "mean_of_known",
    "quotient",
]
