"""An OpenAI-compatible server's side of the wire: requests out of JSON, responses as JSON."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

from dspy.lm15 import Config, Message, Request, Response, request_from_openai_chat


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How one endpoint is spoken.

    Attributes:
        read: the request in a posted object, of whose ``n`` it says nothing.
        write: the object that answers with some responses.
    """

    read: Callable[[dict[str, Any]], Request]
    write: Callable[[Sequence[Response]], dict[str, Any]]


def _chat_request(payload: dict[str, Any]) -> Request:
    payload = {name: value for name, value in payload.items() if value is not None and name != "n"}
    request: Request = request_from_openai_chat(payload)
    return request


def _completions_request(payload: dict[str, Any]) -> Request:
    """The first paragraph is taken for the instruction, as the client puts it there."""
    system, _, rest = payload["prompt"].partition("\n\n")
    names = ("temperature", "max_tokens", "seed", "logprobs")
    config = Config(**{name: payload[name] for name in names if payload.get(name) is not None})
    return Request(
        model=payload["model"], system=system, messages=(Message.user(rest or system),), config=config
    )


def _body(
    kind: str, responses: Sequence[Response], choice: Callable[[Response], dict[str, Any]]
) -> dict[str, Any]:
    """The prompt is read once, however many answers are written to it."""
    read = responses[0].usage.input_tokens or 0
    written = sum(response.usage.output_tokens or 0 for response in responses)
    return {
        "id": "synthetic",
        "object": kind,
        "created": int(time.time()),
        "model": responses[0].model,
        "choices": [
            {"index": i, "finish_reason": response.finish_reason} | choice(response)
            for i, response in enumerate(responses)
        ],
        "usage": {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written},
    }


def _chat_choice(response: Response) -> dict[str, Any]:
    content = [
        {
            "token": token.token,
            "logprob": token.logprob,
            "top_logprobs": [{"token": top.token, "logprob": top.logprob} for top in token.top],
        }
        for token in response.logprobs or ()
    ]
    return {
        "message": {"role": "assistant", "content": response.text},
        "logprobs": {"content": content} if content else None,
    }


def _completions_choice(response: Response) -> dict[str, Any]:
    tokens = response.logprobs or ()
    logprobs = {
        "tokens": [token.token for token in tokens],
        "token_logprobs": [token.logprob for token in tokens],
        "top_logprobs": [{top.token: top.logprob for top in token.top} for token in tokens],
    }
    return {"text": response.text, "logprobs": logprobs if tokens else None}


CHAT = Endpoint(_chat_request, partial(_body, "chat.completion", choice=_chat_choice))
COMPLETIONS = Endpoint(_completions_request, partial(_body, "text_completion", choice=_completions_choice))
