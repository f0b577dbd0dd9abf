"""What was streamed though nobody asked for it."""

import json

import pytest

from value_personas.programs.engines.events import joined_events
from value_personas.programs.engines.openai_wire import ErrorInsteadError, OpenAIWire


def events(*told: object) -> str:
    return "".join(f"data: {json.dumps(event)}\n\n" for event in told) + "data: [DONE]\n\n"


def part(text: str, index: int = 0, **more: object) -> dict[str, object]:
    return {"choices": [{"index": index, "delta": {"content": text}, **more}]}


def test_parts_become_the_reply_that_they_are_of() -> None:
    token = {"token": "B", "logprob": -0.1, "top_logprobs": [{"token": "A", "logprob": -2.4}]}
    told = events(
        part("", logprobs={"content": [token]}),
        part("B"),
        part("A", 1),
        part(" because", finish_reason="length"),
        {"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 4}},
    )
    first, second = OpenAIWire("m", chat=True).replies(told.encode(), 2, 0.5)
    assert (first.text, first.finish_reason, first.input_tokens) == ("B because", "length", 4)
    assert first.first_token == (("B", -0.1), ("A", -2.4))
    assert (second.text, second.first_token, second.finish_reason) == ("A", None, "stop")


def test_comments_before_plain_json_are_left_out() -> None:
    body = json.dumps({"choices": [{"message": {"content": "A"}}]})
    (reply,) = OpenAIWire("m", chat=True).replies(f": wait\n\n: wait\n\n{body}".encode(), 1, 0.0)
    assert reply.text == "A"


def test_an_error_among_events_is_one() -> None:
    with pytest.raises(ErrorInsteadError, match="too busy"):
        OpenAIWire("m", chat=True).replies(events({"error": {"message": "too busy"}}).encode(), 1, 0.0)


@pytest.mark.parametrize("text", ['{"choices": []}', "<html>", "", "A: data"])
def test_what_is_no_stream_is_left_alone(text: str) -> None:
    assert joined_events(text) is None
