"""What a sweep tells its watcher while it goes on."""

from typing import Protocol

from value_personas.experiments.sweep.records import CellRecord

__all__ = ["SilentSweep", "SweepReporter"]


class SweepReporter(Protocol):
    """Receives a sweep's progress, from several threads at once. Nothing it does may change a result."""

    def cells(self, total: int, done: int) -> None:
        """So many cells there are; so many of them were done before."""

    def expected(self, answers: int) -> None:
        """So many more answers a cell that has begun needs."""

    def answered(self, answers: int) -> None:
        """So many more are settled and durable."""

    def note(self, text: str) -> None:
        """Something the user should know at once: that a server is waited for, say."""

    def ended(self, record: CellRecord) -> None:
        """A cell is done, or has failed."""


class SilentSweep:
    """Tells nobody; the default of the Python interface."""

    def cells(self, total: int, done: int) -> None:
        """Say nothing."""

    def expected(self, answers: int) -> None:
        """Say nothing."""

    def answered(self, answers: int) -> None:
        """Say nothing."""

    def note(self, text: str) -> None:
        """Say nothing."""

    def ended(self, record: CellRecord) -> None:
        """Say nothing."""
