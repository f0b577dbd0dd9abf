"""What a model said to one request, and the contract of the store that keeps it.

The unit that is paid for is a *reply*: it is stored as it came (text, first-token alternatives,
tokens) and read into an ``Answer`` or a ``MissingAnswer`` afterwards, so that a better reader never
needs a second payment and a reply that is not an answer can never be taken for one.
"""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, fields, is_dataclass
from functools import wraps
from typing import Any, Protocol, TypeVar

import orjson
from dspy.lm15 import Config, Message, Request, TextPart

from value_personas.signatures import MissingReason

T = TypeVar("T")

_NOT_IN_KEY = frozenset({"cache", "user_id", "service_tier", "store"})
"""Fields of a ``Config`` that change the bill or the bookkeeping, never the answer."""


REASONING_ONLY = "reasoning_only"
"""The finish reason of a reply that thinks and then says nothing, whatever the engine called it."""


POSTPONED = "postponed"
"""The finish reason of what stands in for a reply that is to be asked for later. It is never kept."""


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
        cached_tokens: of the tokens read, those that a prefix cache had; None when the engine did not say. It
            is counted where it comes in, and not kept.
    """

    text: str
    first_token: tuple[tuple[str, float], ...] | None
    finish_reason: str
    input_tokens: int | None = None
    output_tokens: int | None = None
    latency_s: float = 0.0
    cached_tokens: int | None = field(default=None, compare=False)


class ReplyFailure(Exception):  # noqa: N818 - not an error of the run: one call that brought no reply
    """One call that brought no reply, however often it was tried.

    Attributes:
        reason: what a ``MissingAnswer`` made of it will say.
        detail: one line for the audit; never a credential.
    """

    def __init__(self, reason: MissingReason, detail: str) -> None:
        super().__init__(f"{reason.value}: {detail}")
        self.reason = reason
        self.detail = detail


class AnswerStore(Protocol):
    """Every reply ever paid for, by key.

    ``put`` returns only once the reply would survive SIGKILL; callers count a reply after that.
    Implementations are safe to use from several threads, event loops and processes at once. They raise
    ``StoreError`` when they can keep nothing more, and ``ReplyFailure`` for one reply that cannot be kept:
    that is one missing answer, and nothing beside it is lost.
    """

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, Reply]:
        """The stored replies among ``keys``; absent ones are left out."""
        ...

    async def claim(self, key: bytes) -> Reply | None:
        """Reserve the right to ask for a key.

        Returns:
            The stored reply, where there is one; else None, and the key is the caller's to ask until it
            calls ``put`` or ``release``. While another process holds the key, this waits for its reply.
        """
        ...

    async def put(self, key: bytes, identity: str, request: Request, reply: Reply, sample: int = 0) -> None:
        """Make a reply durable and give up the claim. A key that is already there is left as it is."""
        ...

    def release(self, key: bytes) -> None:
        """Give up a claim that brought no reply. Does not wait."""
        ...

    def forget(self, keys: Sequence[bytes]) -> int:
        """Remove replies for good, so that they are asked again; returns how many there were."""
        ...

    def close(self) -> None:
        """Finish what is queued and let go of files, connections and threads."""
        ...


class MemoryStore:
    """An answer store for tests and scripts that need none: a dictionary, gone with the process."""

    def __init__(self) -> None:
        self.replies: dict[bytes, Reply] = {}

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, Reply]:
        """See ``AnswerStore``."""
        return {key: self.replies[key] for key in keys if key in self.replies}

    async def claim(self, key: bytes) -> Reply | None:
        """See ``AnswerStore``. There is no other process, so a claim is always granted."""
        return self.replies.get(key)

    async def put(self, key: bytes, identity: str, request: Request, reply: Reply, sample: int = 0) -> None:
        """See ``AnswerStore``."""
        self.replies.setdefault(key, reply)

    def release(self, key: bytes) -> None:
        """See ``AnswerStore``."""

    def forget(self, keys: Sequence[bytes]) -> int:
        """See ``AnswerStore``."""
        return sum(self.replies.pop(key, None) is not None for key in keys)

    def close(self) -> None:
        """See ``AnswerStore``."""


class AskedAnew(MemoryStore):
    """A store for whoever must see a server answer: every reply is kept in another, and none is read from it.

    Args:
        kept: where replies are made durable; it is not closed here.
    """

    def __init__(self, kept: AnswerStore) -> None:
        super().__init__()
        self._kept = kept

    async def put(self, key: bytes, identity: str, request: Request, reply: Reply, sample: int = 0) -> None:
        """See ``AnswerStore``."""
        await self._kept.put(key, identity, request, reply, sample)
        await super().put(key, identity, request, reply, sample)

    def forget(self, keys: Sequence[bytes]) -> int:
        """See ``AnswerStore``."""
        return max(self._kept.forget(keys), super().forget(keys))


def reply_key(identity: str, request: Request, sample: int = 0) -> bytes:
    """The key of a reply: the hash of exactly what determines it.

    Args:
        identity: the engine and endpoint, with every parameter that changes its answers; no credentials.
        request: model, rendered messages, elicitation and decoding parameters.
        sample: which of several draws (or re-asks) of the same request this is.

    Returns:
        32 bytes (SHA-256).
    """
    return key_of_content(identity, request_content(request), sample)


def key_of_content(identity: str, content: dict[str, Any], sample: int) -> bytes:
    """The key of a reply by its request's content, as ``request_content`` gives it."""
    return hashlib.sha256(_key_body(identity, content, sample)).digest()


def _key_body(identity: str, content: dict[str, Any], sample: int) -> bytes:
    return orjson.dumps([identity, content, sample], option=orjson.OPT_SORT_KEYS)


def keys_of_texts(identity: str, request_of: Callable[[str], Request]) -> Callable[[str], bytes]:
    """Keys of requests that differ in one text alone, without building any of them but one.

    What is in the store is found by hundreds of thousands of such keys, and none of the requests is needed.

    Args:
        identity: as in ``reply_key``.
        request_of: the request with a text, which stands in it once and alone, as a message's.

    Returns:
        text → the key of its request.
    """
    mark = "\ue000the text\ue001"  # private-use characters: never in a survey
    before, found, after = _key_body(identity, request_content(request_of(mark)), 0).partition(
        orjson.dumps(mark)
    )
    if not found:
        raise ValueError("the request does not hold its text as it is given")
    beginning = hashlib.sha256(before)

    def key(text: str) -> bytes:
        digest = beginning.copy()
        digest.update(orjson.dumps(text))
        digest.update(after)
        return digest.digest()

    return key


def _remembering_one(work: Callable[[T], dict[str, Any]]) -> Callable[[T], dict[str, Any]]:
    """Give what was given last where the very same object comes again; nobody changes what is given.

    A request is told for its key and again for its row, and all requests of a panel share one ``Config``.
    """
    latest: list[tuple[T, dict[str, Any]]] = []

    @wraps(work)
    def remembered(given: T) -> dict[str, Any]:
        for known, found in latest:
            if known is given:
                return found
        found = work(given)
        latest[:] = [(given, found)]  # at once: other threads see the old or the new
        return found

    return remembered


@_remembering_one
def request_content(request: Request) -> dict[str, Any]:
    """What a request asks, as plain JSON values.

    Only fields that are set are named, one by one: a release of DSPy that adds a field with a default
    leaves every key, and so everything already paid for, as it was.
    """
    content: dict[str, Any] = {
        "model": request.model,
        "messages": [[message.role, _text_or_parts(message)] for message in request.messages],
        "config": _config_content(request.config),
    }
    if request.system is not None:
        content["system"] = request.system if isinstance(request.system, str) else _set_fields(request.system)
    if request.tools:
        content["tools"] = _set_fields(request.tools)
    return content


def _text_or_parts(message: Message) -> Any:
    parts = message.parts
    if len(parts) == 1 and type(parts[0]) is TextPart:
        return parts[0].text
    return _set_fields(parts)


@_remembering_one
def _config_content(config: Config) -> dict[str, Any]:
    """The decoding parameters that are set and may change the answer."""
    content = {}
    for name in _CONFIG_FIELDS:
        value = getattr(config, name)
        if value is not None and value != ():
            content[name] = value if type(value) in _PLAIN else _set_fields(value)
    return content


_CONFIG_FIELDS = tuple(field.name for field in fields(Config) if field.name not in _NOT_IN_KEY)
_PLAIN = frozenset({int, float, str, bool})


def _set_fields(value: Any) -> Any:
    """A value as JSON, with the fields of dataclasses that are None or empty left out."""
    if is_dataclass(value) and not isinstance(value, type):
        named = ((field.name, getattr(value, field.name)) for field in fields(value))
        return {name: _set_fields(v) for name, v in named if v is not None and v != ()}
    if isinstance(value, (list, tuple)):
        return [_set_fields(v) for v in value]
    if isinstance(value, dict):
        return {str(k): _set_fields(v) for k, v in value.items()}
    return value
