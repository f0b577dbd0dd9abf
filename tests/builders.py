"""Small objects that many tests need."""

import math
import signal
import subprocess
from typing import AnyStr

from value_personas.programs.elicitation import Form
from value_personas.programs.engines.replies import Reply
from value_personas.signatures import Persona, Question, Scale, ValueItem

__all__ = ["AGREE", "TEN", "item", "page", "persona", "question", "said", "voted"]

AGREE = Scale(("strongly agree", "agree", "disagree", "strongly disagree"), (1.0, 2.0, 3.0, 4.0))
TEN = Scale(
    ("1 – never justifiable", *(str(i) for i in range(2, 10)), "10 – always justifiable"),
    tuple(float(i) for i in range(1, 11)),
)


def question(code: str = "Q29", scale: Scale = AGREE, text: str = "Men make better leaders.") -> Question:
    return Question(code, text, scale)


def page(scale: Scale = AGREE, order: tuple[int, ...] | None = None) -> Form:
    return Form(question(scale=scale), order or tuple(range(len(scale))))


def persona(text: str = "You are a person.", country: str = "XNA", weight: float = 1.0) -> Persona:
    return Persona("none", text, weight, country)


def item(code: str = "F063") -> ValueItem:
    return ValueItem(code, "How important God is in life", TEN, "traditional_secular", -1)


def said(text: str) -> Reply:
    return Reply(text, None, "stop")


def voted(**mass: float) -> Reply:
    """A reply whose first token has the given probabilities; underscores stand for leading spaces."""
    ranked = sorted(mass.items(), key=lambda pair: -pair[1])
    tokens = tuple((token.replace("_", " "), math.log(p)) for token, p in ranked)
    return Reply(tokens[0][0], tokens, "length")


def interrupted(process: "subprocess.Popen[AnyStr]") -> "tuple[AnyStr, AnyStr]":
    """The output of a process that is interrupted, again where the first Ctrl-C falls on deaf ears."""
    for _ in range(20):
        process.send_signal(signal.SIGINT)
        try:
            return process.communicate(timeout=3)
        except subprocess.TimeoutExpired:
            continue
    process.kill()
    return process.communicate()
