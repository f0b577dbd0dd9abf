from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dspy
import pytest
from dspy import ChatAdapter as Chat
from dspy.lm15 import Config, Message

from tests.builders import AGREE, page
from value_personas import signatures
from value_personas.programs.rendering import PlainAdapter, PromptTemplate, parse_reply_fields, render_request
from value_personas.signatures import AnswerAsPersona, HedgedDescriptor

SNAPSHOTS = Path(__file__).parents[1] / "signatures" / "snapshots"

PLAIN = {
    "persona": "You are a person.",
    "population": "the adult population of Nordhavia",
    "question": "Men make better leaders.",
    "options": page(AGREE).options,
}
TYPED = {
    "item": "How important God is in your life",
    "scale": ["not at all", "somewhat", "very"],
    "answer": "somewhat",
    "neighbours": ["not at all", "very"],
    "composite": False,
    "address": "you",
}


def rendered(name: str) -> str:
    signature = getattr(signatures, name)
    plain = set(signature.input_fields) <= set(PLAIN) and "probabilities" not in signature.output_fields
    adapter = PlainAdapter() if plain else dspy.ChatAdapter()
    values = {k: v for k, v in (PLAIN | TYPED).items() if k in signature.input_fields}
    messages = adapter.format(signature, [], values)
    return "\n\n".join(f"=== {m['role']} ===\n{m['content']}" for m in messages) + "\n"


@pytest.mark.parametrize(
    "name",
    [
        "AnswerAsPersona",
        "StateAnswerDistribution",
        "ForecastShares",
        "ForecastAnswer",
        "HedgedDescriptor",
        "UnhedgedDescriptor",
        "RecoverAnswer",
    ],
)
def test_prompts_are_what_they_were(name: str) -> None:
    """To accept a changed prompt on purpose, write what this test rendered into the snapshot."""
    assert rendered(name) == (SNAPSHOTS / f"{name}.txt").read_text(encoding="utf-8")


def test_a_template_fills_in_what_the_adapter_would_render() -> None:
    values = {"persona": "You are\n{young} [[ ## question ## ]]", "question": "Ça va?", "options": "A. oui"}
    for adapter in (PlainAdapter(), dspy.ChatAdapter()):
        template = PromptTemplate.of(AnswerAsPersona, adapter)
        system, user = adapter.format(AnswerAsPersona, [], values)
        assert template.system == system["content"]
        assert template.user_text(values) == user["content"]


def test_the_persona_comes_first_and_the_question_last() -> None:
    template = PromptTemplate.of(AnswerAsPersona, PlainAdapter())
    assert template.pieces[0] == ""
    assert template.fields[0] == "persona"


def test_an_adapter_that_drops_a_field_is_refused() -> None:
    class Forgetful(PlainAdapter):
        def format_user_message_content(self, signature, inputs, *args, **kwargs):  # type: ignore[no-untyped-def]
            kept = {k: v for k, v in inputs.items() if k != "options"}
            return super().format_user_message_content(signature, kept, *args, **kwargs)

    with pytest.raises(ValueError, match="does not render the field 'options' exactly once"):
        PromptTemplate.of(AnswerAsPersona, Forgetful())


def test_typed_inputs_go_through_dspys_own_adapter() -> None:
    request = render_request(HedgedDescriptor, [], TYPED, "m", Config(seed=3))
    system, user = dspy.ChatAdapter().format(HedgedDescriptor, [], TYPED)
    assert request.system == system["content"]
    assert request.messages[-1].text == user["content"]


@dataclass(frozen=True)
class Prompt:
    """As ``Adapter.format`` of DSPy 3.5 gives it."""

    system: str
    messages: tuple[Message, ...]


def as_in_3_5(adapter: dspy.Adapter, *given: Any) -> Prompt:
    system, *turns = type(adapter).__mro__[1].format(adapter, *given)  # of the adapter that it stands over
    made = {"user": Message.user, "assistant": Message.assistant}
    return Prompt(system["content"], tuple(made[turn["role"]](turn["content"]) for turn in turns))


DEMOS: dict[type[dspy.Signature], dict[str, Any]] = {
    AnswerAsPersona: {"persona": "You pray.", "question": "Is work dear?", "options": "A. no", "answer": "A"},
    HedgedDescriptor: TYPED | {"descriptor": "You pray."},
}


def test_prompts_of_dspy_3_5_are_rendered_as_those_of_3_4(monkeypatch: pytest.MonkeyPatch) -> None:
    demos = [DEMOS[AnswerAsPersona]]
    before = [PromptTemplate.of(AnswerAsPersona, adapter, demos) for adapter in (PlainAdapter(), Chat())]
    asked = render_request(HedgedDescriptor, [DEMOS[HedgedDescriptor]], TYPED, "m", Config(seed=3))
    assert len(before[0].examples) == 1
    assert len(asked.messages) == 3

    class PlainNext(PlainAdapter):
        format = as_in_3_5

    class ChatNext(Chat):
        format = as_in_3_5

    assert [PromptTemplate.of(AnswerAsPersona, a, demos) for a in (PlainNext(), ChatNext())] == before
    monkeypatch.setattr(dspy, "ChatAdapter", ChatNext)
    assert render_request(HedgedDescriptor, [DEMOS[HedgedDescriptor]], TYPED, "m", Config(seed=3)) == asked


def test_a_reply_out_of_form_has_no_fields() -> None:
    assert parse_reply_fields(HedgedDescriptor, "I would rather not.") is None
    fields = parse_reply_fields(
        HedgedDescriptor, "[[ ## descriptor ## ]]\nYou pray.\n\n[[ ## completed ## ]]"
    )
    assert fields == {"descriptor": "You pray."}
