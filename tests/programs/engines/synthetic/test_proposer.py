"""The stand-in for a proposing model fills whatever fields DSPy asks for, from its pool."""

import dspy
import pytest
from dspy.teleprompt.copro_optimizer import BasicGenerateInstruction
from dspy.teleprompt.gepa.instruction_proposal import ProposeInstruction
from dspy.teleprompt.simba_utils import OfferFeedback

from value_personas.programs.engines import EngineSettings, connect
from value_personas.programs.engines.synthetic.proposer import SyntheticProposer, _pool
from value_personas.signatures import RecipeError


@pytest.fixture
def lm() -> dspy.LM:
    return connect(EngineSettings(lm="synthetic/proposer")).lm


def test_instructions_come_from_the_pool_and_further_draws_go_through_it(lm: dspy.LM) -> None:
    with dspy.context(lm=lm):
        drawn = dspy.Predict(BasicGenerateInstruction, n=len(_pool()))(basic_instruction="Describe.")
    # DSPy reads an empty field as an empty text, and strips each.
    assert {text.strip() for text in drawn.completions.proposed_instruction} <= {p.strip() for p in _pool()}
    assert len(set(drawn.completions.proposed_instruction)) >= len(_pool()) - 2


def test_it_answers_in_json_where_that_is_asked(lm: dspy.LM) -> None:
    with dspy.context(lm=lm, adapter=dspy.JSONAdapter()):
        said = dspy.Predict(ProposeInstruction)(current_instruction="Describe!", examples_with_feedback=[])
    assert said.new_instruction in _pool()


def test_advice_is_given_for_each_module(lm: dspy.LM) -> None:
    names = [n for n in OfferFeedback.input_fields if n != "module_names"]
    given = {name: 0.5 if name.endswith("value") else "text" for name in names}
    with dspy.context(lm=lm):
        said = dspy.Predict(OfferFeedback)(**given, module_names=["writer.write"])
    assert list(said.module_advice) == ["writer.write"]
    assert said.module_advice["writer.write"] in _pool()


def test_a_parameter_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match=r"parameters\.wit is not known to .*; it takes seed"):
        EngineSettings(lm="synthetic/proposer", parameters={"wit": 3})
    with pytest.raises(RecipeError, match="one parameter, seed"):
        SyntheticProposer(wit=3)
