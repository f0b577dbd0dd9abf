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


def row_of(
    key: bytes, identity: str, request: Request, reply: Reply, sample: int
) -> tuple[dict[str, Any], dict[int, str]]:
    """A reply as a row of ``replies``, and the texts that it refers to by number."""
    row, texts = request_columns(key, identity, request, sample)
    return row | reply_columns(reply), texts


def request_columns(
    key: bytes, identity: str, request: Request, sample: int
) -> tuple[dict[str, Any], dict[int, str]]:
    """The columns that say what is asked, and the texts that they refer to by number."""
    shape, pieces = _take_texts_out(request_content(request))
    numbered = [_numbered(piece) for piece in pieces]
    numbers = [number for number, _ in numbered]
    engine_number, shape_number = text_number(identity), text_number(shape)
    row = {
        "key": key,
        "engine": engine_number,
        "shape": shape_number,
        "prompt": struct.pack(f"<{len(numbers)}q", *numbers),
        "sample": sample,
        "created_at": time.time(),
    }
    texts = dict(numbered)
    texts[engine_number], texts[shape_number] = identity, shape
    return row, texts


def reply_columns(reply: Reply) -> dict[str, Any]:
    """The columns that say what came back, and when.

    Raises:
        ValueError: when one cannot hold it.
    """
    return {
        "text": storable(reply.text),
        "first_token": None if reply.first_token is None else packed(reply.first_token),
        "finish_reason": storable(reply.finish_reason),
        "input_tokens": reply.input_tokens,
        "output_tokens": reply.output_tokens,
        "latency_s": reply.latency_s,
        "created_at": time.time(),
    }


@lru_cache(maxsize=8192)  # personas and questions come again and again
def text_number(text: str) -> int:
    """The number of a text: 64 bits of its hash, so that processes agree without asking each other.

    Two different texts with one number are not expected before some 10⁹ texts; ``verify``, which
    recomputes every key from the texts, would find them.
    """
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little", signed=True)


@lru_cache(maxsize=8192)  # likewise
def _numbered(text: str) -> tuple[int, str]:
    """A text's number, and the text as it is kept."""
    return text_number(text), storable(text)


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
    first = None if first_token is None else unpacked(first_token)
    return Reply(original(text), first, original(finish_reason), input_tokens, output_tokens, latency_s)


Alternatives = tuple[tuple[str, float], ...]


def packed(alternatives: Alternatives) -> bytes:
    """Tokens with their log-probabilities: a count, the logarithms, the tokens' lengths, the tokens.

    All little-endian: 0, the count (2 bytes each), 8 bytes a logarithm, 2 bytes a length, UTF-8. The first
    byte tells it from the JSON of older replies, which begins with a bracket.

    Raises:
        ValueError: when there are more than 65,535 of them, or a token is as long.
    """
    n = len(alternatives)
    try:
        head = struct.pack(f"<HH{n}d", 0, n, *[lp for _, lp in alternatives])
        return head + _packed_tokens(tuple([token for token, _ in alternatives]))
    except struct.error as error:
        raise ValueError(f"first token: {error}") from None


@lru_cache(maxsize=8192)  # the letters of a page come in few orders
def _packed_tokens(tokens: tuple[str, ...]) -> bytes:
    encoded = [token.encode("utf-8", "surrogatepass") for token in tokens]
    return struct.pack(f"<{len(encoded)}H", *map(len, encoded)) + b"".join(encoded)


def unpacked(stored: bytes) -> Alternatives:
    """The alternatives that were ``packed``, or that an older version wrote as JSON."""
    stored = bytes(stored)
    if stored[:1] == b"[":
        return tuple((token, log_probability) for token, log_probability in orjson.loads(stored))
    n = stored[2] | stored[3] << 8
    end = 4 + 8 * n
    return tuple(zip(_tokens(n, stored[end:]), _logarithms(n).unpack(stored[4:end]), strict=True))


@lru_cache(maxsize=8192)  # likewise
def _tokens(count: int, stored: bytes) -> tuple[str, ...]:
    """The tokens of ``packed`` alternatives, from their lengths on."""
    start, tokens = 2 * count, []
    for length in struct.unpack_from(f"<{count}H", stored):
        tokens.append(str(stored[start : start + length], "utf-8", "surrogatepass"))
        start += length
    return tuple(tokens)


@lru_cache(maxsize=256)
def _logarithms(count: int) -> struct.Struct:
    return struct.Struct(f"<{count}d")


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
