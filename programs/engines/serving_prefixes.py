"""The prefix cache of a served engine: which beginnings of prompts it has read before."""

from collections import OrderedDict
from collections.abc import Iterator
from hashlib import blake2b

from dspy.lm15 import Request

_REMEMBERED = 4096
"""Beginnings; the longest unused are forgotten first."""


class PrefixCache:
    """Remembers beginnings of prompts by whole paragraphs, as servers do by blocks of tokens.

    Attributes:
        hits: prompts of which more than the instruction had been read before.
    """

    def __init__(self) -> None:
        self.hits = 0
        self._known: OrderedDict[bytes, None] = OrderedDict()

    def read(self, request: Request) -> float:
        """Read a prompt; returns the share of it, by length, that was read before."""
        known, whole, paragraphs = 0, 0, 0
        for n, (length, digest) in enumerate(_beginnings(request)):
            whole = length
            if digest in self._known and paragraphs == n:
                known, paragraphs = length, n + 1
            self._known[digest] = None
            self._known.move_to_end(digest)
        self.hits += paragraphs > 1
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
        return known / whole if whole else 0.0


def _beginnings(request: Request) -> Iterator[tuple[int, bytes]]:
    """The lengths of a prompt's beginnings and what tells them from others, the shortest first."""
    texts = (
        str(getattr(part, "text", "")) for m in request.messages for part in m.parts if hasattr(part, "text")
    )
    paragraphs = [str(request.system or ""), *(p for text in texts for p in text.split("\n\n"))]
    digest, length = blake2b(digest_size=16), 0
    for paragraph in paragraphs:
        digest.update(paragraph.encode("utf-8", "surrogatepass") + b"\0")
        length += len(paragraph)
        yield length, digest.digest()
