"""The stand-in for a proposing model fills the fields that DSPy asks for, from its pool or adding to them."""

import dspy
import pytest
from dspy.teleprompt.copro_optimizer import BasicGenerateInstruction, GenerateInstructionGivenAttempts
from dspy.teleprompt.gepa.instruction_proposal import ProposeInstruction
from dspy.teleprompt.simba_utils import OfferFeedback

from value_personas.programs.engines import EngineSettings, connect
from value_personas.programs.engines.synthetic.heeding import clauses
from value_personas.programs.engines.synthetic.proposer import SyntheticProposer, _pool
from value_personas.signatures import RecipeError


@pytest.fixture
def lm() -> dspy.LM:
    """One that proposes from its pool alone."""
    return connect(EngineSettings(lm="synthetic/proposer", parameters={"listening": 0.0})).lm


@pytest.fixture
def listening() -> dspy.LM:
    """One that always goes on from what there is."""
    return connect(EngineSettings(lm="synthetic/proposer", parameters={"listening": 1.0})).lm


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


WHAT_WAS_SAID = (
    "The text “You feel happy.” lets a reader recover its answer with probability {0}, and moves the "
    "reader's other answers by {1}% of the scale, most on “God”, where it should imply nothing.{2}"
)


@pytest.mark.parametrize(
    ("remark", "feature"),
    [
        (WHAT_WAS_SAID.format("0.90", 20, ""), "hedge"),
        (WHAT_WAS_SAID.format("0.10", 0, ""), "contrast"),
        (WHAT_WAS_SAID.format("0.70", 3, " It breaks a rule: it contains a number."), "numbers"),
        (WHAT_WAS_SAID.format("0.70", 3, " It breaks a rule: it names a country."), "countries"),
        (WHAT_WAS_SAID.format("0.95", 0, ""), "idle"),
    ],
)
def test_what_is_said_of_texts_is_asked_for(listening: dspy.LM, remark: str, feature: str) -> None:
    examples = [{"Inputs": {"item": "x"}, "Generated Outputs": {"descriptor": "y"}, "Feedback": remark}]
    with dspy.context(lm=listening):
        said = dspy.Predict(ProposeInstruction)(
            current_instruction="Describe.\nPlease.", examples_with_feedback=examples
        )
    assert said.new_instruction.startswith("Describe.\nPlease. ")
    assert said.new_instruction.removeprefix("Describe.\nPlease. ") in clauses()[feature]


def test_what_is_asked_for_already_is_not_asked_for_again(listening: dspy.LM) -> None:
    current = f"Describe. {' '.join(clauses()['hedge'])}"
    remark = WHAT_WAS_SAID.format("0.30", 20, "")
    with dspy.context(lm=listening):
        said = dspy.Predict(ProposeInstruction)(
            current_instruction=current, examples_with_feedback=[{"Feedback": remark}]
        )
    assert said.new_instruction.removeprefix(current).strip() in clauses()["contrast"]


def test_without_remarks_it_adds_anything_to_the_best_there_is(listening: dspy.LM) -> None:
    attempts = [
        "Instruction #1: Bad one.",
        "Resulting Score #1: 3.0",
        "Instruction #2: Best.",
        "Resulting Score #2: 9.0",
    ]
    with dspy.context(lm=listening):
        drawn = dspy.Predict(GenerateInstructionGivenAttempts, n=20)(attempted_instructions=attempts)
    texts = set(drawn.completions.proposed_instruction)
    assert all(text.startswith("Best. ") for text in texts)
    assert len(texts) > 10


def test_a_parameter_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match=r"parameters\.wit is not known to .*; it takes"):
        EngineSettings(lm="synthetic/proposer", parameters={"wit": 3})
    with pytest.raises(RecipeError, match="it takes seed, listening"):
        SyntheticProposer(wit=3)
