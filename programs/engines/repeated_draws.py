"""Asking a proposer the same thing again must bring something new, and yet replay exactly after a kill."""

from collections import Counter
from hashlib import blake2b

from dspy.lm15 import Request

from value_personas.programs.engines.base import Replier
from value_personas.programs.engines.replies import Reply, reply_key


class RepeatedDraws:
    """Numbers the repetitions of a request within one run: the n-th is the n-th draw of it.

    An optimiser that asks for another proposal with the same prompt would otherwise read its first proposal
    from the store again and again. The numbers begin anew with each run, so a run that is repeated meets
    the draws of the first, in their order, and pays for none of them.

    Args:
        replier: answers, durably.
    """

    def __init__(self, replier: Replier) -> None:
        self._replier = replier
        self._asked: Counter[bytes] = Counter()
        self.identity = replier.identity

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request."""
        key = reply_key(self.identity, request, sample)
        repetition = self._asked[key]
        self._asked[key] += 1
        return await self._replier.reply(request, _draw(sample, repetition) if repetition else sample)

    async def aclose(self) -> None:
        """Whoever made the replier closes it."""


def _draw(sample: int, repetition: int) -> int:
    """A number for a further draw: 31 bits, as stores keep it, spread so that rollouts rarely share it."""
    digest = blake2b(f"{sample} {repetition}".encode(), digest_size=4).digest()
    return int.from_bytes(digest) >> 1
