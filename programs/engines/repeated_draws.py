"""Asking a proposer the same thing again must bring something new, and yet replay exactly after a kill."""

from collections import Counter

from dspy.lm15 import Request

from programs.engines.base import Replier
from programs.replies import Reply, reply_key

__all__ = ["RepeatedDraws"]

_A_DRAW_APART = 2**32
"""More than any rollout number, so that a repetition is never taken for a rollout."""


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
        return await self._replier.reply(request, sample + repetition * _A_DRAW_APART)

    async def aclose(self) -> None:
        """Whoever made the replier closes it."""
