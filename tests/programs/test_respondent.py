import json
from typing import Any

import dspy
import numpy as np
import pytest
from dspy.lm15 import Request

from tests.builders import persona, question
from tests.fake_engines import RuleEngine, letters
from value_personas.programs.elicitation import (
    Elicitation,
    FirstTokenLogprobs,
    SampledAnswers,
    VerbalisedDistribution,
)
from value_personas.programs.engines import InProcess
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.replies import MemoryStore, reply_key
from value_personas.programs.panel import Panel
from value_personas.programs.respondent import AskingStyle, Respondent
from value_personas.signatures import Answer

DEMO = {
    "persona": "You are old.",
    "question": "Work?",
    "options": "A. yes\nB. no",
    "answer": "B",
    "probabilities": {"A": 0.4, "B": 0.6},
}


def fitting(request: Request) -> tuple[str, dict[str, float] | None]:
    """A distribution in words where that is asked for, else a letter with its alternatives."""
    if "probabilities" not in str(request.system):
        return letters(request)
    stated = json.dumps({"A": 0.5, "B": 0.25, "C": 0.125, "D": 0.125})
    return f"[[ ## probabilities ## ]]\n{stated}\n\n[[ ## completed ## ]]", None


@pytest.mark.parametrize(
    "way", [FirstTokenLogprobs(), SampledAnswers(draws=3), VerbalisedDistribution()], ids=lambda way: way.name
)
@pytest.mark.parametrize(
    "style",
    [
        AskingStyle(),
        AskingStyle("both", offers_dont_know=True, wordings=("Answer.", "Reply as this person.")),
    ],
    ids=["plain", "two orders and wordings"],
)
@pytest.mark.parametrize("demos", [[], [DEMO]], ids=["alone", "with a demonstration"])
def test_the_panel_sends_what_the_module_sends(
    way: Elicitation, style: AskingStyle, demos: list[dict[str, Any]]
) -> None:
    respondent = Respondent(way, style)
    respondent.answer.demos = demos
    by_module, by_panel = RuleEngine(fitting), RuleEngine(fitting)
    who, what = persona("You are young,\n\nand poor."), question()

    with dspy.context(lm=Model("test/model", InProcess(by_module), MemoryStore()).lm):
        answer = respondent(persona=who, question=what).answer
    result = Panel(Model("test/model", InProcess(by_panel), MemoryStore()), respondent).run([who], [what])

    keys = [[reply_key("", r) for r in engine.requests] for engine in (by_module, by_panel)]
    assert keys[0] == keys[1]
    assert isinstance(answer, Answer)
    np.testing.assert_allclose(answer.log_probabilities, result.log_p[0, 0], rtol=1e-12)
