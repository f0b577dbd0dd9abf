"""Which requests are draws of one and the same, so that one call may ask for them together."""

from collections.abc import Iterator, Sequence

from dspy.lm15 import Request

from value_personas.programs.engines.base import reseeded


def runs_of_draws(requests: Sequence[Request], most: int) -> Iterator[Sequence[Request]]:
    """Cut requests into runs that differ by successive seeds alone.

    A server that is asked for n answers of a seed gives those of this seed and the n − 1 after it. A gap in
    the seeds, where a draw is in the store already, therefore ends a run: to bridge it would draw the one
    that is stored a second time, and count it twice.

    Args:
        requests: in the order of their seeds.
        most: the longest run.
    """
    start = 0
    for end in range(1, len(requests) + 1):
        whole = end == len(requests) or end - start == most
        if whole or not _follows(requests[end - 1], requests[end]):
            yield requests[start:end]
            start = end


def _follows(one: Request, next_one: Request) -> bool:
    return one.config.seed is not None and next_one == reseeded(one, 1)
