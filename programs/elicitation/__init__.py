"""How an answer is got out of a model, behind one interface."""

from programs.elicitation.base import Elicitation, average
from programs.elicitation.choice import ElicitationName, ElicitationSettings, choose_elicitation
from programs.elicitation.first_token import FirstTokenLogprobs
from programs.elicitation.forms import Form, OptionOrder, forms_of
from programs.elicitation.reply_parser import parse_reply
from programs.elicitation.sampled import SampledAnswers
from programs.elicitation.verbalised import VerbalisedDistribution

__all__ = [
    "Elicitation",
    "ElicitationName",
    "ElicitationSettings",
    "FirstTokenLogprobs",
    "Form",
    "OptionOrder",
    "SampledAnswers",
    "VerbalisedDistribution",
    "average",
    "choose_elicitation",
    "forms_of",
    "parse_reply",
]
