"""How real servers differ from the one that the protocol describes, as modes of the served engine.

One table: the tests put a panel through every row and hold the outcome, the table of this folder's
README is written from it, and ``engine check --suite`` says which rows an endpoint shows.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from aiohttp import web

Payload = dict[str, Any]
Refusal = tuple[int, str] | None


def _takes(payload: Payload) -> Refusal:
    return None


def _as_it_is(body: dict[str, Any]) -> Any:
    return body


@dataclass(frozen=True, slots=True)
class Quirk:
    """One way in which servers differ.

    Attributes:
        what: in a few words, for the tables.
        refuse: status and message for a posted object that is not taken; None for one that is.
        change: the body that is sent, or the whole response, in place of the proper body.
        sign: a pattern of what is said of a server that has it; None where it is read past in silence.
    """

    what: str
    refuse: Callable[[Payload], Refusal] = _takes
    change: Callable[[dict[str, Any]], Any] = _as_it_is
    sign: str | None = None


def _without(name: str, message: str, status: int = 400) -> Callable[[Payload], Refusal]:
    """Refuse whatever holds a field."""
    return lambda payload: (status, message) if payload.get(name) is not None else None


def _has_system(payload: Payload) -> bool:
    return any(message["role"] == "system" for message in payload.get("messages", ()))


def _above(name: str, most: int, message: str) -> Callable[[Payload], Refusal]:
    return lambda payload: (400, message) if (payload.get(name) or 0) > most else None


def _choices(change: Callable[[dict[str, Any]], dict[str, Any]]) -> Callable[[dict[str, Any]], Any]:
    """Change every choice."""
    return lambda body: body | {"choices": [choice | change(choice) for choice in body["choices"]]}


def _says(**message: Any) -> Callable[[dict[str, Any]], Any]:
    return _choices(lambda choice: {"message": {"role": "assistant", **message}})


def _around(before: str, after: str = "") -> Callable[[dict[str, Any]], Any]:
    """Put text around what is said, in the log-probabilities too: the first token is what comes before."""

    def change(choice: dict[str, Any]) -> dict[str, Any]:
        said = choice["message"]["content"]
        message = {"role": "assistant", "content": f"{before}{said}{after}"}
        told = {"content": [{"token": before, "logprob": -0.01, "top_logprobs": []}]}
        return {"message": message, "logprobs": told if choice.get("logprobs") else None}

    return _choices(change)


def _glued(before: str) -> Callable[[dict[str, Any]], Any]:
    """Put text before every letter, within its token."""

    def token(entry: dict[str, Any]) -> dict[str, Any]:
        tops = [top | {"token": before + top["token"]} for top in entry["top_logprobs"]]
        return entry | {"token": before + entry["token"], "top_logprobs": tops}

    return _tokens(lambda content: [token(entry) for entry in content])


def _tokens(change: Callable[[list[dict[str, Any]]], list[Any]]) -> Callable[[dict[str, Any]], Any]:
    """Change the tokens' log-probabilities, where there are any."""

    def of(choice: dict[str, Any]) -> dict[str, Any]:
        content = (choice.get("logprobs") or {}).get("content")
        return {"logprobs": {"content": change(content)}} if content else {}

    return _choices(of)


def _tops(change: Callable[[list[Any]], list[Any]]) -> Callable[[dict[str, Any]], Any]:
    """Change the alternatives of the first token."""
    return _tokens(
        lambda content: [content[0] | {"top_logprobs": change(content[0]["top_logprobs"])}, *content[1:]]
    )


def _raw(
    write: Callable[[str], str], content_type: str = "application/json"
) -> Callable[[dict[str, Any]], Any]:
    """Send another text than the body's JSON."""
    return lambda body: web.Response(text=write(json.dumps(body)), content_type=content_type)


def _streamed(body: dict[str, Any]) -> web.Response:
    """The body as server-sent events, with a comment between them."""
    begun = [c | {"delta": c["message"], "message": None, "finish_reason": None} for c in body["choices"]]
    ended = [{"index": c["index"], "delta": {}, "finish_reason": "stop"} for c in body["choices"]]
    told = [body | {"choices": begun}, {"choices": ended}]
    lines = [f"data: {json.dumps(event)}\n\n" for event in told]
    text = ": wait\n\n".join([*lines, "data: [DONE]\n\n"])
    return web.Response(text=text, content_type="text/event-stream")


QUIRKS: Mapping[str, Quirk] = {
    # What is refused.
    "no-system-role": Quirk(
        "knows no system role",
        lambda p: (400, "System role not supported") if _has_system(p) else None,
        sign="no system role",
    ),
    "max-completion-tokens": Quirk(
        "wants max_completion_tokens",
        _without(
            "max_tokens",
            "Unsupported parameter: 'max_tokens' is not supported with this model. "
            "Use 'max_completion_tokens' instead.",
        ),
        sign="it wants max_completion_tokens",
    ),
    "no-seed": Quirk(
        "refuses seed",
        _without("seed", "body.seed: Extra inputs are not permitted", 422),
        sign="refuses seed",
    ),
    "no-temperature": Quirk(
        "refuses temperature",
        _without("temperature", "Unsupported value: 'temperature' does not support this with this model."),
        sign="refuses temperature",
    ),
    "no-n": Quirk("refuses n", _above("n", 1, "'n' : number must be at most 1")),
    "least-length": Quirk(
        "writes 16 tokens at least",
        lambda p: (
            (400, "Invalid 'max_tokens': integer below minimum value. Expected a value >= 16, but got 1.")
            if (p.get("max_tokens") or 16) < 16
            else None
        ),
        sign=r"writes \d+ tokens at least",
    ),
    "no-logprobs": Quirk(
        "refuses logprobs",
        _without("logprobs", "logprobs is not supported"),
        sign="refuses log-probabilities",
    ),
    "logprobs-forbidden": Quirk("refuses logprobs by 403", _without("logprobs", "Forbidden", 403)),
    "logprobs-not-found": Quirk("refuses logprobs by 404", _without("logprobs", "Not found", 404)),
    "logprobs-breaks": Quirk("breaks at logprobs, by 500", _without("logprobs", "Internal error", 500)),
    "logprobs-unbuilt": Quirk("refuses logprobs by 501", _without("logprobs", "Not implemented", 501)),
    "five-alternatives": Quirk(
        "takes 5 alternatives at most",
        _above("top_logprobs", 5, "top_logprobs must be at most 5"),
        sign="with 5 alternatives",
    ),
    # What comes instead.
    "two-alternatives": Quirk(
        "reports 2 alternatives", change=_tops(lambda tops: tops[:2]), sign="truncated"
    ),
    "newline-first": Quirk("begins with a line break", change=_around("\n")),
    "bold": Quirk("sets its answer in bold", change=_around("**", "**")),
    "letter-in-bold": Quirk("joins ** and the letter in one token", change=_glued("**")),
    "letter-in-brackets": Quirk("joins ( and the letter in one token", change=_glued("(")),
    "thinks": Quirk("thinks in tags before it answers", change=_around("<think>Is it C? No.</think>\n")),
    "thinks-unopened": Quirk("closes thinking that it never opened", change=_around("Is it C? No.</think> ")),
    "thinks-apart": Quirk(
        "hands its thinking over apart",
        change=_choices(
            lambda c: {"message": c["message"] | {"reasoning_content": "Is it C? No."}, "logprobs": None}
        ),
    ),
    "thinks-only": Quirk(
        "thinks until its length is up",
        change=_choices(
            lambda c: {
                "message": {"role": "assistant", "content": None, "reasoning_content": "Is it C?"},
                "logprobs": None,
                "finish_reason": "length",
            }
        ),
        sign="reasoning_only",
    ),
    "parts": Quirk(
        "says it in parts",
        change=_choices(
            lambda c: {
                "message": {
                    "role": "assistant",
                    "content": [
                        {"type": "thinking", "thinking": [{"type": "text", "text": "Is it C?"}]},
                        {"type": "text", "text": c["message"]["content"]},
                    ],
                }
            }
        ),
    ),
    "byte-order-mark": Quirk("begins with a byte-order mark", change=_raw(lambda text: "\ufeff" + text)),
    "plain-text": Quirk("calls JSON text/plain", change=_raw(lambda text: text, "text/plain")),
    "nan-usage": Quirk(
        "counts NaN tokens",
        change=lambda body: _raw(lambda text: text)(body | {"usage": {"prompt_tokens": float("nan")}}),
    ),
    "huge-usage": Quirk(
        "counts 2⁶³ tokens",
        change=lambda body: body | {"usage": {"prompt_tokens": 2**63, "completion_tokens": 1}},
    ),
    "null-alternative": Quirk("reports a null alternative", change=_tops(lambda tops: [None, *tops])),
    "repeated-token": Quirk("lists a token three times", change=_tops(lambda tops: [tops[0]] * 2 + tops)),
    "no-index": Quirk(
        "numbers no choice",
        change=lambda body: (
            body | {"choices": [{k: v for k, v in c.items() if k != "index"} for c in body["choices"]]}
        ),
    ),
    "half-a-character": Quirk(
        "ends in half a character",
        change=_raw(lambda text: text.replace('"content": "A"', '"content": "A \\ud83d"')),
    ),
    "mass-above-one": Quirk(
        "reports probabilities that sum to 4",
        change=_tops(lambda tops: [top | {"logprob": -0.01} for top in tops]),
        sign="probabilities sum to",
    ),
    "streams": Quirk("streams though not asked", change=lambda body: _streamed(body)),
    "created": Quirk(
        "answers 201",
        change=lambda body: web.json_response(body, status=201),
    ),
    "usage-in-words": Quirk("counts tokens in words", change=lambda body: body | {"usage": "few"}),
    "logprobs-listed": Quirk(
        "reports log-probabilities as a list",
        change=_choices(lambda c: {"logprobs": (c.get("logprobs") or {}).get("content")}),
    ),
    "logprobs-in-words": Quirk(
        "reports log-probabilities in words", change=_choices(lambda c: {"logprobs": "some"})
    ),
    "certain": Quirk(
        "calls its token certain, and no other",
        change=_tokens(lambda content: [content[0] | {"logprob": 0.0, "top_logprobs": []}]),
    ),
    "filters": Quirk(
        "keeps replies back by a filter",
        change=_choices(
            lambda c: {
                "message": {"role": "assistant", "content": None},
                "logprobs": None,
                "finish_reason": "content_filter",
            }
        ),
    ),
    "error-of-200": Quirk(
        "answers 200 with an error", change=lambda body: {"error": {"message": "overloaded", "code": 429}}
    ),
    "error-in-choice": Quirk(
        "ends a reply in an error",
        change=_choices(lambda c: {"finish_reason": "error", "error": {"code": 502, "message": "cut off"}}),
    ),
    "loading": Quirk("is still loading its model", lambda p: (503, "Loading model")),
    "no-credit": Quirk(
        "has no credit left",
        lambda p: (429, "You exceeded your current quota, please check your plan (insufficient_quota)"),
    ),
    "no-such-path": Quirk("knows no such path", lambda p: (404, "Not Found")),
    "echoes-key": Quirk("repeats the key", lambda p: (401, "Incorrect API key provided: {key}")),
}
"""Every quirk by name; each is there for every call."""
