"""How an answer is got out of a model, behind one interface."""

from value_personas.programs.elicitation.base import Elicitation, average
from value_personas.programs.elicitation.choice import (
    ElicitationSettings,
    choose_elicitation,
    keep_finding,
    probe_ways,
)
from value_personas.programs.elicitation.first_token import FirstTokenLogprobs
from value_personas.programs.elicitation.forms import (
    Form,
    OptionOrder,
    form_in,
    forms_of,
    orders_of,
    require_letters,
)
from value_personas.programs.elicitation.reply_parser import parse_reply
from value_personas.programs.elicitation.sampled import SampledAnswers
from value_personas.programs.elicitation.verbalised import VerbalisedDistribution

__all__ = [
    "Elicitation",
    "ElicitationSettings",
    "FirstTokenLogprobs",
    "Form",
    "OptionOrder",
    "SampledAnswers",
    "VerbalisedDistribution",
    "average",
    "choose_elicitation",
    "form_in",
    "forms_of",
    "keep_finding",
    "orders_of",
    "parse_reply",
    "probe_ways",
    "require_letters",
]
