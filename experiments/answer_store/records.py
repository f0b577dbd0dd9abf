"""How requests and replies become rows, and rows requests and replies."""

import hashlib
import struct
import time
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import orjson
from dspy.lm15 import Request

from value_personas.experiments.answer_store.schema import replies
from value_personas.programs.engines import Reply, request_content

__all__ = [
    "REPLY_COLUMNS",
    "numbers_in",
    "original",
    "reply_of_row",
    "restore_content",
    "row_of",
    "storable",
    "text_number",
]


def row_of(
    key: bytes, identity: str, request: Request, reply: Reply, sample: int
) -> tuple[dict[str, Any], dict[int, str]]:
    """A reply as a row of ``replies``, and the texts that it refers to by number."""
    shape, pieces = _take_texts_out(request_content(request))
    numbers = [text_number(piece) for piece in pieces]
    engine_number, shape_number = text_number(identity), text_number(shape)
    row = {
        "key": key,
        "engine": engine_number,
        "shape": shape_number,
        "prompt": struct.pack(f"<{len(numbers)}q", *numbers),
        "sample": sample,
        "text": storable(reply.text),
        "first_token": None if reply.first_token is None else orjson.dumps(reply.first_token).decode(),
        "finish_reason": storable(reply.finish_reason),
        "input_tokens": reply.input_tokens,
        "output_tokens": reply.output_tokens,
        "latency_s": reply.latency_s,
        "created_at": time.time(),
    }
    texts = dict(zip(numbers, map(storable, pieces), strict=True))
    return row, texts | {engine_number: identity, shape_number: shape}


@lru_cache(maxsize=8192)  # personas and questions come again and again
def text_number(text: str) -> int:
    """The number of a text: 64 bits of its hash, so that processes agree without asking each other.

    Two different texts with one number are not expected before some 10⁹ texts; ``verify``, which
    recomputes every key from the texts, would find them.
    """
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)


REPLY_COLUMNS = (
    replies.c.text,
    replies.c.first_token,
    replies.c.finish_reason,
    replies.c.input_tokens,
    replies.c.output_tokens,
    replies.c.latency_s,
)


def reply_of_row(row: Sequence[Any]) -> Reply:
    """The values of ``REPLY_COLUMNS`` as a reply."""
    text, first_token, finish_reason, input_tokens, output_tokens, latency_s = row
    first: Any = None
    if first_token is not None:
        first = tuple(map(tuple, orjson.loads(first_token)))
    return Reply(original(text), first, original(finish_reason), input_tokens, output_tokens, latency_s)


def restore_content(shape: str, prompt: bytes, text_of: Mapping[int, str]) -> dict[str, Any]:
    """The content of a request as ``request_content`` gave it.

    Raises:
        KeyError: when one of its texts is not there.
    """
    content: dict[str, Any] = orjson.loads(shape)
    pieces = iter(numbers_in(prompt))

    def fill(count: int) -> str:
        return "\n\n".join(text_of[next(pieces)] for _ in range(count))

    for message in content["messages"]:
        if isinstance(message[1], int):
            message[1] = fill(message[1])
    if isinstance(content.get("system"), int):
        content["system"] = fill(content["system"])
    return content


def numbers_in(prompt: bytes) -> tuple[int, ...]:
    """The text numbers of a prompt, in order."""
    return struct.unpack(f"<{len(prompt) // 8}q", prompt)


def _take_texts_out(content: dict[str, Any]) -> tuple[str, list[str]]:
    """The content with a number of paragraphs in place of each text, and the paragraphs in order."""
    pieces: list[str] = []

    def take(text: Any) -> Any:
        if not isinstance(text, str):
            return text
        paragraphs = text.split("\n\n")
        pieces.extend(paragraphs)
        return len(paragraphs)

    shape = content | {"messages": [[role, take(text)] for role, text in content["messages"]]}
    if "system" in content:
        shape["system"] = take(content["system"])
    return orjson.dumps(shape, option=orjson.OPT_SORT_KEYS).decode(), pieces


_ESCAPE = "\x1a"
"""U+001A, which stands for a character that cannot be shown, and is in no survey."""


def storable(text: str) -> str:
    """A text without NUL, which PostgreSQL's texts cannot hold; ``original`` undoes it."""
    if "\x00" not in text and _ESCAPE not in text:
        return text
    return text.replace(_ESCAPE, f"{_ESCAPE}s").replace("\x00", f"{_ESCAPE}0")


def original(stored: str) -> str:
    """The text that was made ``storable``."""
    if _ESCAPE not in stored:
        return stored
    return stored.replace(f"{_ESCAPE}0", "\x00").replace(f"{_ESCAPE}s", _ESCAPE)
