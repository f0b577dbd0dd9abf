"""What goes over the wire to an OpenAI-compatible server and back: requests as JSON, replies out of it."""

import json
from collections.abc import Mapping, Sequence
from itertools import takewhile
from operator import itemgetter
from typing import Any

import orjson
from dspy.lm15 import Request, TextPart

from value_personas.programs.engines.base import rank_alternatives
from value_personas.programs.engines.dialect import Dialect
from value_personas.programs.engines.events import joined_events
from value_personas.programs.engines.http_errors import error_words
from value_personas.programs.engines.replies import Reply
from value_personas.programs.engines.thinking import THINKING_FIELDS, text_of_parts

_SHOWN = 2000
"""Characters of a body that is no JSON; more than any key, and than is shown in the end."""

_PLAIN_PARAMETERS = ("temperature", "top_p", "top_k", "seed", "frequency_penalty", "presence_penalty")


class OpenAIWire:
    """The two endpoints' ways of writing a request and of reading the replies to it.

    Args:
        model: the model's name on the server.
        chat: whether the chat endpoint is used, or that of completions.
        dialect: how the server wants requests written.
        extra: what stands in every body beside what a request says.

    Attributes:
        is_chat: see ``chat``.
    """

    def __init__(
        self, model: str, chat: bool, dialect: Dialect | None = None, extra: Mapping[str, Any] | None = None
    ) -> None:
        self._model = model
        self.is_chat = chat
        self.dialect = dialect or Dialect()
        self._extra = dict(extra or {})

    def payload(self, request: Request, count: int = 1) -> dict[str, Any]:
        """What is posted for a request.

        Args:
            request: text only.
            count: how many answers are wanted of it.

        Raises:
            ValueError: when a message holds anything but text.
        """
        payload: dict[str, Any] = {"model": self._model}
        if self.is_chat:
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
            payload["max_tokens"] = config.max_tokens
        if config.stop:
            payload["stop"] = config.stop
        if config.logprobs is not None:
            payload |= (
                {"logprobs": True, "top_logprobs": config.logprobs}
                if self.is_chat
                else {"logprobs": config.logprobs}
            )
        if config.response_format is not None:
            payload["response_format"] = _response_format(config.response_format)
        return self.dialect.written(payload | (config.extensions or {}) | self._extra)

    def replies(self, raw: bytes, count: int, latency_s: float) -> list[Reply]:
        """The replies in a response's body, the bytes of the object that ``replies_of`` takes."""
        return self.replies_of(_loaded(raw), count, latency_s)

    def replies_of(self, data: Mapping[str, Any], count: int, latency_s: float) -> list[Reply]:
        """The replies in a response.

        The server counts the tokens of all together. Each reply is given an equal share of them, so that the
        sum over replies is what was billed.

        Args:
            data: its object.
            count: how many answers were asked for; what goes beyond is left out.
            latency_s: seconds that the call took.

        Returns:
            At least one reply, and at most ``count``, in the order of their numbers.

        Raises:
            ErrorInsteadError: when it says itself that it is an error.
            LookupError, TypeError, ValueError, AttributeError: when it is not what the protocol promises.
        """
        choices = data.get("choices")
        if not choices and (error := data.get("error") or data.get("detail")):
            raise ErrorInsteadError(error)
        if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
            held = ", ".join(map(str, data))[:80]
            raise ValueError(
                f"there are no choices in it, but {held or 'nothing'}; is that an OpenAI-compatible server?"
            )
        if len(choices) > 1 and all(isinstance(choice.get("index"), int) for choice in choices):
            choices = sorted(choices, key=itemgetter("index"))
        choices = list(takewhile(_is_answer, choices[:count]))
        usage, n = data.get("usage"), len(choices)
        if not isinstance(usage, dict):
            usage = {}
        read = _shares(_count(usage.get("prompt_tokens")), n)
        written = _shares(_count(usage.get("completion_tokens")), n)
        cached = _shares(_cached(usage), n)
        text_and_first = _of_chat if self.is_chat else _of_completions
        return [
            Reply(*text_and_first(choice), _finish(choice), read[i], written[i], latency_s, cached[i])
            for i, choice in enumerate(choices)
        ]


class ErrorInsteadError(ValueError):
    """A body of status 200 that says it is an error.

    Attributes:
        status: the HTTP status that its code stands for.
    """

    def __init__(self, error: Any) -> None:
        super().__init__(error_words(error) or "an error in place of a reply")
        code = error.get("code") if isinstance(error, dict) else None
        code = int(code) if isinstance(code, str) and code.isdecimal() else code
        self.status = code if isinstance(code, int) and 400 <= code < 600 else 502


def _is_answer(choice: Any) -> bool:
    """Whether a choice is one. What comes after an error is left: an answer's place tells its seed.

    Raises:
        ErrorInsteadError: when the first choice already is an error.
    """
    if not choice.get("error") and choice.get("finish_reason") != "error":
        return True
    if choice.get("index") in (0, None):
        raise ErrorInsteadError(choice.get("error") or {})
    return False


def _loaded(raw: bytes) -> dict[str, Any]:
    """The object in a body, read with patience where it is not quite JSON (NaN, half a character, a BOM)."""
    raw = raw.removeprefix(b"\xef\xbb\xbf")
    try:
        data = orjson.loads(raw)
    except orjson.JSONDecodeError:
        text = raw.decode("utf-8", "replace").strip()
        try:
            data = joined_events(text) or json.loads(text)
        except RecursionError:
            raise ValueError("nested too deeply") from None
        except json.JSONDecodeError:  # cut where it is shown, once credentials are out of it
            said = f"it is no JSON, and begins: {text[:_SHOWN]}" if text else "it is empty"
            raise ValueError(said) from None
    if not isinstance(data, dict):
        raise ValueError(f"the body is {type(data).__name__}, not an object")
    return data


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


def _of_chat(choice: Any) -> tuple[str, First]:
    message = choice.get("message") or choice.get("delta") or _of_text(choice)
    content, first = message.get("content"), _first(choice.get("logprobs"))
    if type(content) is str and content:
        return content, first
    return _unusual_text(message, content), first


def _of_text(choice: dict[str, Any]) -> dict[str, Any]:
    """The message of a choice that has none: some servers give a text, as for completions."""
    if "text" not in choice:
        raise ValueError("a choice without a message")
    return {"content": choice["text"]}


def _first(logprobs: Any) -> First:
    """The first token's alternatives, in the shape of either endpoint or as a list of tokens.

    What is in no such shape is as if it had not come: the text beside it can be read all the same.
    """
    if not logprobs:
        return None
    try:
        entries = logprobs if isinstance(logprobs, list) else logprobs.get("content")
        chosen, tops = _of_entries(entries) if entries else _of_columns(logprobs)  # pyright: ignore
    except (LookupError, TypeError, ValueError, AttributeError):
        return None
    if not tops and chosen[1] == 0:  # a default: no token is certain, and none stands beside it
        return None
    return rank_alternatives(chosen, tops) or None


Alternatives = list[tuple[Any, Any]]


def _of_entries(tokens: list[Any]) -> tuple[tuple[Any, Any], Alternatives]:
    """The first token that is no thinking, and its alternatives; as the chat endpoint has them."""
    token = tokens[_answer_begins([str(t.get("token")) for t in tokens]) if len(tokens) > 1 else 0]
    tops = token.get("top_logprobs") or ()
    if isinstance(tops, dict):
        return (token.get("token"), token.get("logprob")), list(tops.items())
    pairs = [(top.get("token"), top.get("logprob")) for top in tops if top]
    return (token.get("token"), token.get("logprob")), pairs


def _of_columns(logprobs: dict[str, Any]) -> tuple[tuple[Any, Any], Alternatives]:
    """The same, as the endpoint for completions has them."""
    tokens = logprobs["tokens"]
    at = _answer_begins(list(map(str, tokens))) if len(tokens) > 1 else 0
    tops = (logprobs.get("top_logprobs") or [None])[at:] or [None]
    return (tokens[at], logprobs["token_logprobs"][at]), list((tops[0] or {}).items())


def _unusual_text(message: Any, content: Any) -> str:
    """The text of a message that has none, or has it in parts; of nothing but thinking, a tag is left."""
    if isinstance(content, list | dict):
        text, thinks = text_of_parts(content if isinstance(content, list) else [content])
        return text or ("<think>" if thinks else "")
    if content:
        return str(content)
    if any(message.get(field) for field in THINKING_FIELDS):
        return "<think>"
    refusal = message.get("refusal")
    return refusal if isinstance(refusal, str) else ""


def _of_completions(choice: Any) -> tuple[str, First]:
    text = choice["text"]
    if not text and any(choice.get(field) for field in THINKING_FIELDS):
        text = "<think>"
    if not isinstance(text, str):
        raise ValueError(f"the reply's text is {type(text).__name__}")
    return text, _first(choice.get("logprobs"))


def _answer_begins(tokens: list[str]) -> int:
    """The place of the first token that is no thinking; 0 where nothing shows that there was any."""
    ends = [at for at, token in enumerate(tokens) if token.strip().lower() in _THINKING_ENDS]
    start = ends[-1] + 1 if ends else 0
    return next((at for at in range(start, len(tokens)) if tokens[at].strip()), 0) if start else 0


_THINKING_ENDS = frozenset({"</think>", "</thinking>", "[/think]", "◁/think▷"})


def _finish(choice: Any) -> str:
    return str(choice.get("finish_reason") or "stop")


def _count(value: Any) -> int | None:
    return value if isinstance(value, int) and value >= 0 else None


def _cached(usage: Any) -> int | None:
    """Tokens of the prompt that the server had in its prefix cache, where it says so."""
    details = usage.get("prompt_tokens_details")
    return _count(details.get("cached_tokens")) if isinstance(details, dict) else None


def _shares(total: int | None, n: int) -> list[int | None]:
    """A total as n whole numbers that differ by at most one."""
    if total is None:
        return [None] * n
    share, rest = divmod(total, n)
    return [share + (i < rest) for i in range(n)]
