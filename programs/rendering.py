"""How a DSPy signature becomes the text a model reads. The only module that calls ``Adapter.format``.

A bulk run asks one signature hundreds of thousands of times with other values. Rendering through the
adapter each time would cost more than everything else on our side, so a signature is rendered once with
marks in place of its values, and the marks are filled in: byte for byte what the adapter itself sends.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import dspy
from dspy.lm15 import Config, Message, Request
from dspy.utils.exceptions import AdapterParseError


def signature_of(predictor: dspy.Predict) -> type[dspy.Signature]:
    """What a predictor asks as it stands now; DSPy declares an attribute that may hold other things."""
    return cast("type[dspy.Signature]", predictor.signature)


class PlainAdapter(dspy.ChatAdapter):
    """Renders a signature as a person would write it: instruction, then the inputs, then the reply's form.

    The reply is nothing but the value of the single output field, so its first token is the answer itself
    and that token's log-probabilities are the model's distribution over the options. DSPy's own ChatAdapter
    would make every reply begin with a field marker.
    """

    def __init__(self) -> None:
        # A second, differently phrased call after a reply that does not parse would be an answer to
        # another question; what does not parse is a missing answer.
        super().__init__(use_json_adapter_fallback=False)

    def format_system_message(self, signature: type[dspy.Signature]) -> str:
        """The signature's instruction, as one paragraph."""
        return " ".join(str(signature.instructions).split())

    def format_user_message_content(
        self,
        signature: type[dspy.Signature],
        inputs: Mapping[str, Any],
        prefix: str = "",
        suffix: str = "",
        main_request: bool = False,
    ) -> str:
        """The inputs in the order of the signature, then the form of the reply."""
        (output,) = signature.output_fields.values()
        values = [str(inputs[name]) for name in signature.input_fields if name in inputs]
        form = cast("dict[str, Any]", output.json_schema_extra)["desc"]
        reply_form = [f"Reply with {form}."] if main_request else []
        return "\n\n".join(part for part in (prefix, *values, *reply_form, suffix) if part)

    def format_assistant_message_content(
        self, signature: type[dspy.Signature], outputs: Mapping[str, Any], missing_field_message: Any = None
    ) -> str:
        """A demonstration's reply: the output's value alone."""
        (name,) = signature.output_fields
        return str(outputs.get(name, missing_field_message))

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        """The whole reply is the value; whether it is an answer is for the elicitation to say."""
        (name,) = signature.output_fields
        return {name: completion.strip()}


class WholeReplyAdapter(dspy.ChatAdapter):
    """Renders as DSPy's own ChatAdapter and hands on the whole reply, for an elicitation to read."""

    def __init__(self) -> None:
        super().__init__(use_json_adapter_fallback=False)

    def parse(self, signature: type[dspy.Signature], completion: str) -> dict[str, Any]:
        """The single output field holds the reply as it came."""
        (name,) = signature.output_fields
        return {name: completion}


@dataclass(frozen=True, slots=True)
class PromptTemplate:
    """A rendered signature with gaps where its input values go.

    Attributes:
        system: the system message.
        examples: demonstrations between the system message and the question, as (user, assistant) texts.
        pieces: the user message cut at the gaps; one more piece than fields.
        fields: the input fields in the order in which they stand in the message.
    """

    system: str
    examples: tuple[tuple[str, str], ...]
    pieces: tuple[str, ...]
    fields: tuple[str, ...]

    @classmethod
    def of(
        cls, signature: type[dspy.Signature], adapter: dspy.Adapter, demos: Sequence[Mapping[str, Any]] = ()
    ) -> "PromptTemplate":
        """Render a signature of text inputs once.

        Raises:
            ValueError: when the adapter does not put every input into the user message exactly once.
        """
        fields = tuple(signature.input_fields)
        marks = {name: f"\ue000{name}\ue001" for name in fields}  # private-use characters: never in a survey
        system, (*between, (_, rest)) = _rendered(adapter, signature, demos, marks)
        examples = tuple(
            (ask, reply) for (_, ask), (_, reply) in zip(between[::2], between[1::2], strict=True)
        )
        pieces = []
        for name in fields:
            before, mark, rest = rest.partition(marks[name])
            if not mark or marks[name] in rest:
                raise ValueError(f"{type(adapter).__name__} does not render the field {name!r} exactly once")
            pieces.append(before)
        return cls(system, examples, (*pieces, rest), fields)

    def user_text(self, values: Mapping[str, str]) -> str:
        """The user message with the gaps filled."""
        filled = (f"{piece}{values[name]}" for piece, name in zip(self.pieces, self.fields, strict=False))
        return "".join(filled) + self.pieces[-1]

    def request(self, model: str, values: Mapping[str, str], config: Config) -> Request:
        """The request that asks a model this signature with these values."""
        return self.request_of(model, self.user_text(values), config)

    def request_of(self, model: str, user_text: str, config: Config) -> Request:
        """The same, with a user message that is filled in already."""
        turns = [m for ask, reply in self.examples for m in (Message.user(ask), Message.assistant(reply))]
        messages = (*turns, Message.user(user_text))
        return Request(model=model, system=self.system, messages=messages, config=config)


def render_request(
    signature: type[dspy.Signature],
    demos: Sequence[Mapping[str, Any]],
    inputs: Mapping[str, Any],
    model: str,
    config: Config,
) -> Request:
    """The request by which DSPy's own ChatAdapter asks a signature, for inputs of any type."""
    system, turns = _rendered(dspy.ChatAdapter(), signature, demos, inputs)
    messages = tuple(
        Message.user(text) if role == "user" else Message.assistant(text) for role, text in turns
    )
    return Request(model=model, system=system, messages=messages, config=config)


def _rendered(
    adapter: dspy.Adapter,
    signature: type[dspy.Signature],
    demos: Sequence[Mapping[str, Any]],
    inputs: Mapping[str, Any],
) -> tuple[str, list[tuple[str, str]]]:
    """What an adapter renders: the system's text, and the turns as (role, text).

    DSPy 3.4 gives a list of dictionaries, the system's first; 3.5 a prompt with a system and messages.
    """
    prompt: Any = adapter.format(signature, [dict(demo) for demo in demos], dict(inputs))
    if not isinstance(prompt, list):
        return str(prompt.system), [(str(m.role), str(m.text)) for m in prompt.messages]
    (_, system), *turns = ((str(m["role"]), str(m["content"])) for m in prompt)
    return system, turns


def parse_reply_fields(signature: type[dspy.Signature], text: str) -> dict[str, Any] | None:
    """The output fields of a ChatAdapter reply; None when it does not keep to the form."""
    try:
        return dict(dspy.ChatAdapter().parse(signature, text))
    except AdapterParseError:
        return None
