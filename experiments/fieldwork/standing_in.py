"""What stands in for a model and for a store while a run is only gone through."""

from collections.abc import Sequence

from dspy.lm15 import Request

from value_personas.experiments.answer_store.tokens import TokenRates
from value_personas.programs.engines import POSTPONED, AnswerStore, Reply, reply_key

PLACEHOLDER = "You hold this unwritten view"
"""What every placeholder begins with."""

_GOES_ON = (
    "as somebody does who gave this answer to the question, and it says nothing about what you think of "
    "anything else, near or far,"
)

_USUAL_BYTES = 145
"""Of a descriptor, where none of the model's is stored."""

_FORM = "[[ ## descriptor ## ]]\n{}\n\n[[ ## completed ## ]]"


class Placeholders:
    """An engine that says next to nothing, and notes how much it would have read and written.

    Args:
        identity: of the engine that it stands in for.
        at_once: answers that one call gives.
        rates: tokens of that engine, as far as they are known.

    Attributes:
        calls: made so far.
        measured: whether stored replies told the tokens of all of them.
    """

    def __init__(self, identity: str, at_once: int = 1, rates: TokenRates | None = None) -> None:
        self.identity = identity
        self.at_once = at_once
        self.calls = 0
        self.measured = True
        self._rates = rates or TokenRates()
        self._read = self._written = 0.0

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request with a placeholder."""
        self.calls += 1
        read, written, measured = self._rates.of(request)
        self.measured &= measured
        self._read += read
        self._written += written
        # Told apart, since personas of equal text are asked once; alike for one request, since that is too.
        mark = reply_key(self.identity, request, sample).hex()[:16]
        usual = self._rates.length.get(request.config.max_tokens, _USUAL_BYTES + len(_FORM))
        text = _FORM.format(_as_long(usual - len(_FORM), mark))
        return Reply(text, None if request.config.logprobs is None else (("A", 0.0),), POSTPONED)

    async def replies(self, request: Request, count: int) -> list[Reply]:
        """As many placeholders as are asked for."""
        return [await self.reply(request) for _ in range(count)]

    async def aclose(self) -> None:
        """Nothing to close."""

    @property
    def mean_tokens(self) -> tuple[float, float]:
        """Tokens read and written a call."""
        calls = max(self.calls, 1)
        return self._read / calls, self._written / calls


def _as_long(size: float, mark: str) -> str:
    """A descriptor of about so many bytes, within the rules that descriptors are kept to."""
    words, more = [PLACEHOLDER], _GOES_ON.split()
    for word in (*more, *more[:12]):
        if len(" ".join([*words, mark])) >= size:
            break
        words.append(word)
    return " ".join([*words, mark])


class ReadOnly:
    """A store that is looked into and keeps nothing."""

    def __init__(self, store: AnswerStore) -> None:
        self._store = store

    def get_many(self, keys: Sequence[bytes]) -> dict[bytes, Reply]:
        """See ``AnswerStore``."""
        return self._store.get_many(keys)

    async def claim(self, key: bytes) -> Reply | None:
        """The stored reply; nobody else is kept from asking."""
        return self._store.get_many([key]).get(key)

    async def put(self, key: bytes, identity: str, request: Request, reply: Reply, sample: int = 0) -> None:
        """Keep nothing."""

    def forget(self, keys: Sequence[bytes]) -> int:
        """Forget nothing."""
        return 0

    def release(self, key: bytes) -> None:
        """Nothing was claimed."""

    def close(self) -> None:
        """Whoever opened the store closes it."""
