"""A reply that was streamed though nobody asked for it, as the one body that it would have been."""

import json
from typing import Any


def joined_events(text: str) -> dict[str, Any] | None:
    """The completion that server-sent events make up together; None for a text that is no such events.

    Args:
        text: the body; comments among the lines, by which servers keep a connection open, are left out.

    Raises:
        json.JSONDecodeError: when an event is no JSON.
        TypeError, AttributeError, LookupError: when it is no part of a completion.
    """
    if not text.startswith(("data:", "event:", "id:", ":")):
        return None
    lines = [line for line in text.splitlines() if line and not line.startswith(":")]
    told = [line[5:].strip() for line in lines if line.startswith("data:")]
    if not told:
        plain: dict[str, Any] | None = json.loads("\n".join(lines))
        return plain
    whole: dict[str, Any] = {"choices": []}
    choices: dict[Any, dict[str, Any]] = {}
    for event in (json.loads(data) for data in told if data != "[DONE]"):
        whole |= {name: value for name, value in event.items() if name != "choices" and value}
        for part in event.get("choices") or ():
            empty: dict[str, Any] = {"message": {}, "logprobs": {"content": []}}
            _add(choices.setdefault(part.get("index") or 0, empty), part)
    return whole | {"choices": [choice | {"index": number} for number, choice in sorted(choices.items())]}


def _add(choice: dict[str, Any], part: dict[str, Any]) -> None:
    """Add what one event says of a choice."""
    for name, said in (part.get("delta") or part.get("message") or {}).items():
        before = choice["message"].get(name)
        choice["message"][name] = before + said if isinstance(before, str) and isinstance(said, str) else said
    choice["logprobs"]["content"] += (part.get("logprobs") or {}).get("content") or []
    choice["finish_reason"] = part.get("finish_reason") or choice.get("finish_reason")
