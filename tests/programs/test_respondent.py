import dspy
import numpy as np
import pytest

from programs.elicitation import Elicitation, FirstTokenLogprobs, SampledAnswers
from programs.engines import InProcess
from programs.model import Model
from programs.panel import Panel
from programs.replies import MemoryStore, reply_key
from programs.respondent import Respondent
from signatures import Answer
from tests.builders import persona, question
from tests.fake_engines import RuleEngine, letters

DEMO = {"persona": "You are old.", "question": "Work?", "options": "A. yes\nB. no", "answer": "B"}


@pytest.mark.parametrize("way", [FirstTokenLogprobs(), SampledAnswers(draws=3)], ids=lambda w: w.name)
@pytest.mark.parametrize("order", ["forward", "both"])
@pytest.mark.parametrize("demos", [[], [DEMO]], ids=["plain", "with a demonstration"])
def test_the_panel_sends_what_the_module_sends(way: Elicitation, order: str, demos: list[dict]) -> None:
    respondent = Respondent(way, order)  # type: ignore[arg-type]
    respondent.answer.demos = demos
    by_module, by_panel = RuleEngine(letters), RuleEngine(letters)
    who, what = persona("You are young,\n\nand poor."), question()

    with dspy.context(lm=Model("test/model", InProcess(by_module), MemoryStore()).lm):
        answer = respondent(persona=who, question=what).answer
    result = Panel(Model("test/model", InProcess(by_panel), MemoryStore()), respondent).run([who], [what])

    keys = [[reply_key("", r) for r in engine.requests] for engine in (by_module, by_panel)]
    assert keys[0] == keys[1]
    assert isinstance(answer, Answer)
    np.testing.assert_allclose(answer.log_probabilities, result.log_p[0, 0], rtol=1e-12)
