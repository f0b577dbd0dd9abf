"""A stop that no optimiser can swallow."""

from collections.abc import Iterator
from contextlib import contextmanager

from signatures import ValuePersonasError

__all__ = ["TuningStopped", "stop_for_good"]


class TuningStopped(BaseException):
    """The optimiser must stop: the budget is used up, or nothing can be asked any more.

    No subclass of ``Exception``: DSPy's evaluators take every exception for one failed example, score it 0
    and go on asking.

    Attributes:
        reason: what stopped it.
    """

    def __init__(self, reason: ValuePersonasError) -> None:
        super().__init__(str(reason))
        self.reason = reason


@contextmanager
def stop_for_good() -> Iterator[None]:
    """Turn an error that would meet the next candidate too into a stop."""
    try:
        yield
    except ValuePersonasError as error:
        raise TuningStopped(error) from error
