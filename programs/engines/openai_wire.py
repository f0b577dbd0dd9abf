"""What goes over the wire to an OpenAI-compatible server and back: requests as JSON, replies out of it."""

from collections.abc import Sequence
from operator import itemgetter
from typing import Any

import orjson
from dspy.lm15 import Request, TextPart

from value_personas.programs.engines.base import rank_alternatives
from value_personas.programs.engines.replies import Reply

__all__ = ["OpenAIWire"]

_PLAIN_PARAMETERS = ("temperature", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty")


class OpenAIWire:
    """The two endpoints' ways of writing a request and of reading the replies to it.

    Args:
        model: the model's name on the server.
        chat: whether the chat endpoint is used, or that of completions.
        length_name: what the server calls the greatest number of tokens to write.
    """

    def __init__(self, model: str, chat: bool, length_name: str = "max_tokens") -> None:
        self._model = model
        self._chat = chat
        self._length_name = length_name

    def body(self, request: Request, count: int = 1) -> bytes:
        """The JSON that is posted for a request.

        Args:
            request: text only.
            count: how many answers are wanted of it.

        Raises:
            ValueError: when a message holds anything but text.
        """
        payload: dict[str, Any] = {"model": self._model}
        if self._chat:
            payload["messages"] = _messages(request)
        else:
            payload["prompt"] = "\n\n".join(message["content"] for message in _messages(request))
        if count > 1:
            payload["n"] = count
        config = request.config
        for name in _PLAIN_PARAMETERS:
            value = getattr(config, name)
            if value is not None:
                payload[name] = value
        if config.max_tokens is not None:
            payload[self._length_name] = config.max_tokens
        if config.stop:
            payload["stop"] = config.stop
        if config.logprobs is not None:
            payload |= (
                {"logprobs": True, "top_logprobs": config.logprobs}
                if self._chat
                else {"logprobs": config.logprobs}
            )
        if config.response_format is not None:
            payload["response_format"] = _response_format(config.response_format)
        return orjson.dumps(payload | (config.extensions or {}))

    def replies(self, raw: bytes, count: int, latency_s: float) -> list[Reply]:
        """The replies in a response's body.

        The server counts the tokens of all together. Each reply is given an equal share of them, so that the
        sum over replies is what was billed.

        Args:
            raw: the body.
            count: how many answers were asked for; what goes beyond is left out.
            latency_s: seconds that the call took.

        Returns:
            At least one reply, and at most ``count``, in the order of their numbers.

        Raises:
            LookupError, TypeError, ValueError, AttributeError: when it is not what the protocol promises.
        """
        data = orjson.loads(raw)
        choices = data["choices"]
        if len(choices) > 1:
            choices = sorted(choices, key=itemgetter("index"))[:count]
        if not choices:
            raise ValueError("there are no choices")
        usage, n = data.get("usage") or {}, len(choices)
        read = _shares(_count(usage.get("prompt_tokens")), n)
        written = _shares(_count(usage.get("completion_tokens")), n)
        text_and_first = _of_chat if self._chat else _of_completions
        return [
            _reply(choice, *text_and_first(choice), read[i], written[i], latency_s)
            for i, choice in enumerate(choices)
        ]


def _messages(request: Request) -> list[dict[str, str]]:
    """The messages as the wire has them.

    Raises:
        ValueError: when one holds anything but text.
    """
    messages = [{"role": m.role, "content": _text(m.parts)} for m in request.messages]
    if request.system is not None:
        system = request.system if isinstance(request.system, str) else _text(request.system)
        messages.insert(0, {"role": "system", "content": system})
    return messages


def _text(parts: Sequence[Any]) -> str:
    if len(parts) == 1 and type(parts[0]) is TextPart:
        return str(parts[0].text)
    if not all(isinstance(part, TextPart) for part in parts):
        raise ValueError("this engine sends text only")
    return "\n".join(part.text for part in parts)


def _response_format(wanted: dict[str, Any]) -> dict[str, Any]:
    """DSPy's flat form of a schema as OpenAI's nested one."""
    if wanted.get("type") != "json_schema":
        return wanted
    schema = {"name": "answer"} | {name: value for name, value in wanted.items() if name != "type"}
    return {"type": "json_schema", "json_schema": schema}


First = tuple[tuple[str, float], ...] | None


def _of_chat(choice: Any) -> tuple[Any, First]:
    message = choice["message"]
    text = message.get("content")
    content = (choice.get("logprobs") or {}).get("content")
    first = None
    if content:
        tops = [(top["token"], top["logprob"]) for top in content[0].get("top_logprobs") or ()]
        first = _checked(rank_alternatives((content[0]["token"], content[0]["logprob"]), tops))
    return (text if text is not None else message.get("refusal") or ""), first


def _of_completions(choice: Any) -> tuple[Any, First]:
    logprobs = choice.get("logprobs") or {}
    tokens, first = logprobs.get("tokens"), None
    if tokens:
        tops = (logprobs.get("top_logprobs") or [None])[0] or {}
        first = _checked(rank_alternatives((tokens[0], logprobs["token_logprobs"][0]), list(tops.items())))
    return choice["text"], first


def _reply(
    choice: Any, text: Any, first: First, read: int | None, written: int | None, latency_s: float
) -> Reply:
    if not isinstance(text, str):
        raise TypeError(f"the reply's text is {type(text).__name__}")
    return Reply(text, first, str(choice.get("finish_reason") or "stop"), read, written, latency_s)


def _checked(ranked: tuple[tuple[str, float], ...]) -> tuple[tuple[str, float], ...]:
    """Log-probabilities as reported, after a check that they can be such."""
    for token, log_probability in ranked:
        if not isinstance(token, str) or not log_probability <= 1e-3:  # NaN is not either
            raise ValueError(f"{log_probability!r} is not a log-probability")
    return ranked


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _shares(total: int | None, n: int) -> list[int | None]:
    """A total as n whole numbers that differ by at most one."""
    if total is None:
        return [None] * n
    share, rest = divmod(total, n)
    return [share + (i < rest) for i in range(n)]
