"""What a model said to one request, and the contract of the store that keeps it.

The unit that is paid for is a *reply*: it is stored as it came (text, first-token alternatives,
tokens) and read into an ``Answer`` or a ``MissingAnswer`` afterwards, so that a better reader never
needs a second payment and a reply that is not an answer can never be taken for one.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import orjson
from dspy.lm15 import Request

__all__ = ["AnswerStore", "Reply", "reply_key"]


@dataclass(frozen=True, slots=True)
class Reply:
    """One reply of a model.

    Attributes:
        text: the reply's text, as it came.
        first_token: (token, natural-log probability) of the first generated token and its reported
            alternatives, most likely first; None when the engine reported none.
        finish_reason: the engine's word for why it stopped.
        input_tokens: tokens read, None when the engine did not say.
        output_tokens: tokens written, None when the engine did not say.
        latency_s: seconds from sending to the last byte.
    """

    text: str
    first_token: tuple[tuple[str, float], ...] | None
    finish_reason: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_s: float = 0.0


class AnswerStore(Protocol):
    """Every reply ever paid for, by key.

    ``put`` returns only once the reply would survive SIGKILL; callers count a reply after that.
    Implementations are safe to use from several threads and from several processes at once.
    """

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, Reply]:
        """The stored replies among ``keys``; absent ones are left out."""

    async def put(self, key: bytes, identity: str, request: Request, reply: Reply) -> None:
        """Make a reply durable. A key that is already there is left as it is."""


def reply_key(identity: str, request: Request, sample: int = 0) -> bytes:
    """The key of a reply: the hash of exactly what determines it.

    Args:
        identity: the engine and endpoint, with every parameter that changes its answers; no credentials.
        request: model, rendered messages, elicitation and decoding parameters.
        sample: which of several draws (or re-asks) of the same request this is.

    Returns:
        32 bytes (SHA-256).
    """
    body = orjson.dumps([identity, request, sample], option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).digest()
