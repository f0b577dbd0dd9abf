"""Proposals that break a signature are rejected, each with its reason."""

import dspy
import pytest

from value_personas.programs.prompt_rules import proposal_problems
from value_personas.signatures import HedgedDescriptor


@pytest.mark.parametrize(
    ("instruction", "problem"),
    [
        ("", "empty"),
        ("   \n", "empty"),
        ("Describe the person. " * 2500, "52499 characters"),
        ("Describe {answer} in plain words.", "braces"),
        ("Reply in [[ ## description ## ]].", "field marker"),
    ],
)
def test_what_breaks_a_rule_is_named(instruction: str, problem: str) -> None:
    proposed = HedgedDescriptor.with_instructions(instruction)
    assert problem in proposal_problems(proposed, HedgedDescriptor)[0]


def test_changed_fields_are_named() -> None:
    proposed = HedgedDescriptor.append("mood", dspy.OutputField())
    (problem,) = proposal_problems(proposed, HedgedDescriptor)
    assert "mood" in problem


def test_the_shipped_prompt_and_a_plain_one_break_nothing() -> None:
    assert proposal_problems(HedgedDescriptor, HedgedDescriptor) == ()
    plain = HedgedDescriptor.with_instructions("Describe this attitude. Imply nothing else.")
    assert proposal_problems(plain, HedgedDescriptor) == ()
