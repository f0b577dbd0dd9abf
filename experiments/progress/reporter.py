"""What a run tells its watcher while it goes on."""

from typing import Protocol


class Reporter(Protocol):
    """Receives a run's progress. Nothing it does may change a result."""

    def stage(self, text: str) -> None:
        """A stage begins."""

    def note(self, text: str) -> None:
        """Something the user should know."""

    def answered(self, kind: str, n: int, total: int) -> None:
        """``n`` more of a persona kind's ``total`` answers are settled and durable."""


class Silent:
    """Tells nobody."""

    def stage(self, text: str) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def answered(self, kind: str, n: int, total: int) -> None:
        """Say nothing."""
