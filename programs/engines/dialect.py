"""What one server wants written otherwise than usual, learnt from its own refusals.

A refusal that names a parameter is believed once: the request is written without it, or with another name or
value, for every call to that server from then on, and whoever watches is told. What is asked stays the same.
"""

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

_SYSTEM = re.compile(
    r"system.{0,12}(role|message|prompt|instruction)|role.{0,12}system|roles must alternate"
    r"|developer instruction",
    re.IGNORECASE | re.DOTALL,
)
_LENGTHS = ("max_tokens", "max_completion_tokens")
_LEAST = re.compile(
    r"max_(?:completion_|output_|new_)?tokens.*?"
    r"(?:>=|≥|at least|greater than or equal to|minimum(?: value)?(?: is| of|:)?)\s*(\d{1,4})\b",
    re.IGNORECASE | re.DOTALL,
)
_POSITIVE = re.compile(r"positive|greater than 0|> ?0", re.IGNORECASE)
_LEAST_TEMPERATURE = 0.01
_DROPPED = (
    "seed",
    "temperature",
    "top_p",
    "top_k",
    "frequency_penalty",
    "presence_penalty",
    "stop",
    "response_format",
)
"""Parameters that may be left out; not log-probabilities: whether they come decides how to ask."""

_NAMED = re.compile(r'"(?:param|loc)"\s*:\s*(\[[^\]]*\]|"[^"]*")')
_LONGEST_PLAIN = 600
"""Characters of a refusal that is read word by word. A longer one may repeat the whole request."""


@dataclass(slots=True)
class Dialect:
    """How requests to one server are written.

    Attributes:
        length_name: what it calls the greatest number of tokens to write.
        renamed: whether that was learnt; a server that refuses both names is not asked in turns.
        system_role: whether it knows a system role; else the instruction begins the first turn.
        least_length: the smallest number of tokens to write that it takes.
        least_temperature: likewise the temperature.
        dropped: parameters that it refuses.
    """

    length_name: str = "max_tokens"
    renamed: bool = False
    system_role: bool = True
    least_length: int = 1
    least_temperature: float = 0.0
    dropped: tuple[str, ...] = ()

    def as_dict(self) -> dict[str, Any]:
        """As JSON values, for ``take``."""
        return asdict(self)

    def take(self, values: Mapping[str, Any]) -> None:
        """Write as was learnt before, by what ``as_dict`` gave."""
        for field in fields(self):
            value = values.get(field.name, getattr(self, field.name))
            setattr(self, field.name, tuple(value) if isinstance(value, list) else value)

    def written(self, payload: dict[str, Any]) -> dict[str, Any]:
        """A payload in the usual words as this server takes it."""
        if not self.system_role and "messages" in payload:
            payload["messages"] = _without_system(payload["messages"])
        length = payload.get("max_tokens")
        if length is not None and (self.length_name != "max_tokens" or length < self.least_length):
            del payload["max_tokens"]
            payload[self.length_name] = max(length, self.least_length)
        if self.least_temperature and payload.get("temperature", 1.0) < self.least_temperature:
            payload["temperature"] = self.least_temperature
        for name in self.dropped:
            payload.pop(name, None)
        return payload

    def is_how(self, sent: Mapping[str, Any]) -> bool:
        """Whether a payload would be written so still: another call may have learnt meanwhile."""
        again = self.written(dict(sent))
        return again == sent and (self.length_name in sent or not any(name in sent for name in _LENGTHS))

    def learn(self, refusal: str, payload: Mapping[str, Any]) -> str | None:
        """Change what a refusal names.

        Args:
            refusal: the body, as it came.
            payload: what was refused, as it was sent.

        Returns:
            What is done differently from now on; None when the refusal names nothing that could be.
        """
        said = " ".join(_NAMED.findall(refusal)) + (" " + refusal if len(refusal) <= _LONGEST_PLAIN else "")
        return (
            self._learn_system(said, payload)
            or self._learn_length(said, payload)
            or self._learn_temperature(said, payload)
            or self._learn_drop(said, payload)
        )

    def _learn_system(self, said: str, payload: Mapping[str, Any]) -> str | None:
        has_system = any(message["role"] == "system" for message in payload.get("messages", ()))
        if not has_system or not _SYSTEM.search(said):
            return None
        self.system_role = False
        return "it knows no system role: the instruction begins the user's turn"

    def _learn_length(self, said: str, payload: Mapping[str, Any]) -> str | None:
        length = payload.get(self.length_name)
        if length is None:
            return None
        if (least := _LEAST.search(said)) and int(least[1]) > length:
            self.least_length = int(least[1])
            return f"it writes {self.least_length} tokens at least: {self.length_name} is no less"
        other = _LENGTHS[1 - _LENGTHS.index(self.length_name)]
        names_it = other in said or (self.length_name != "max_tokens" and self.length_name in said)
        if names_it and not self.renamed:
            self.length_name, self.renamed = other, True
            return f"it wants {other}"
        return None

    def _learn_temperature(self, said: str, payload: Mapping[str, Any]) -> str | None:
        if payload.get("temperature") != 0.0 or "temperature" not in said or not _POSITIVE.search(said):
            return None
        self.least_temperature = _LEAST_TEMPERATURE
        return f"it refuses a temperature of 0: {_LEAST_TEMPERATURE} in its place"

    def _learn_drop(self, said: str, payload: Mapping[str, Any]) -> str | None:
        for name in _DROPPED:
            if name in payload and re.search(rf"\b{name}\b", said):
                self.dropped = (*self.dropped, name)
                return f"it refuses {name}: sent without"
        return None


def _without_system(messages: list[dict[str, str]]) -> list[dict[str, str]]:
    """The messages with the instruction at the head of the first turn."""
    if not messages or messages[0]["role"] != "system":
        return messages
    instruction, *turns = messages
    if not turns or turns[0]["role"] != "user":
        return [{"role": "user", "content": instruction["content"]}, *turns]
    first = {"role": "user", "content": f"{instruction['content']}\n\n{turns[0]['content']}"}
    return [first, *turns[1:]]
