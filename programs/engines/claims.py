"""Claims on several keys of a store at once."""

import asyncio
from collections.abc import Iterable

from value_personas.programs.engines.replies import AnswerStore, Reply


class Claims:
    """Claims several keys and says of each, as soon as it shows, whether it is the caller's to ask.

    The caller asks what it holds before it waits for the rest. To hold some keys while waiting for others
    would make two processes that want the same ones wait for each other for ever.

    Args:
        store: which keeps the claims.
        keys: what is claimed, from now on.

    Attributes:
        held: the keys that are the caller's to ask; it takes them out as it makes their replies durable.
    """

    def __init__(self, store: AnswerStore, keys: Iterable[bytes]) -> None:
        self._store = store
        self._undecided = {asyncio.ensure_future(store.claim(key)): key for key in keys}
        self.held: set[bytes] = set()

    @property
    def undecided(self) -> bool:
        """Whether there are keys that ``decide`` has not told of yet."""
        return bool(self._undecided)

    async def decide(self) -> dict[bytes, Reply]:
        """Wait until something is decided; what is granted is added to ``held``.

        Returns:
            The replies that are stored already.
        """
        done, _ = await asyncio.wait(self._undecided, return_when=asyncio.FIRST_COMPLETED)
        stored = {}
        for claim in done:
            reply = claim.result()
            key = self._undecided.pop(claim)
            if reply is None:
                self.held.add(key)
            else:
                stored[key] = reply
        return stored

    def give_up(self) -> None:
        """Let go of every key that is held or still claimed. Does not wait."""
        for claim, key in self._undecided.items():
            if not claim.cancel() and _is_granted(claim):
                self.held.add(key)
        for key in self.held:
            self._store.release(key)
        self.held.clear()


def _is_granted(claim: asyncio.Future[Reply | None]) -> bool:
    return not claim.cancelled() and claim.exception() is None and claim.result() is None
