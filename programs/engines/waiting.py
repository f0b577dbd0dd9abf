"""How long a server may be away, and what whoever watches is told meanwhile."""

import time
from collections.abc import Callable

Tell = Callable[[str], None]
"""Shows one line to whoever watches a run."""

_NOTE_EVERY_S = 30.0
_SHORT_WAIT_S = 5.0
"""Waits of up to this are not worth a line."""


def nobody(line: str) -> None:
    """Tell nobody."""


class Absence:
    """Whether a server is away, since when, and for how long it is still waited for.

    It belongs to the server, not to a call: all calls wait for the same end of it.

    Args:
        patience_s: seconds for which it may be away.
        tell: is told when a wait begins, while it goes on, and when it ends.
    """

    def __init__(self, patience_s: float, tell: Tell) -> None:
        self._patience_s = patience_s
        self._tell = tell
        self._since: float | None = None
        self._told: float | None = None
        self.last_answer = float("-inf")

    def answered(self) -> None:
        """The server answered: it is not away."""
        self.last_answer = time.monotonic()
        if self._since is None and self._told is None:
            return
        if self._told is not None and self._since is not None:
            self._tell(f"it answers again, after {self.last_answer - self._since:.0f} s")
        self._since = self._told = None

    def left(self) -> float:
        """Seconds for which it is still waited for, counted from the first failure after its last answer."""
        now = time.monotonic()
        if self._since is None:
            self._since = now
        return self._patience_s - (now - self._since)

    def show(self, why: str, delay: float) -> None:
        """Say that calls wait, where that is longer than a moment; seldom, however many they are."""
        now = time.monotonic()
        waited = now - self._since if self._since is not None else 0.0
        if max(delay, waited) <= _SHORT_WAIT_S or (
            self._told is not None and now - self._told < _NOTE_EVERY_S
        ):
            return
        self._told = now
        until = f", {max(self.left(), 0.0):.0f} s at most (patience_s)" if self._since is not None else ""
        self._tell(f"{why}; waiting{until or f' {delay:.0f} s'}")
