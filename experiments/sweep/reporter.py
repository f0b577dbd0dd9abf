"""What a sweep tells its watcher while it goes on."""

import threading

from value_personas.experiments.progress.reporter import Reporter
from value_personas.experiments.sweep.records import CellRecord
from value_personas.experiments.tracking import ANSWERS


class SweepProgress:
    """A bar for the cells and one for the answers of those that have begun, moved from several threads.

    Args:
        reporter: draws them.
    """

    def __init__(self, reporter: Reporter) -> None:
        self._reporter = reporter
        self._cells = 0
        self._expected = 0
        self._lock = threading.Lock()

    def cells(self, total: int, done: int) -> None:
        """Begin the bar of cells: so many there are, so many of them were done before."""
        self._cells = total
        self._reporter.answered("cells", done, total)

    def expected(self, answers: int) -> None:
        """Lengthen the bar of answers: a cell that has begun needs so many more."""
        with self._lock:
            self._expected += answers
            self._reporter.answered(ANSWERS, 0, self._expected)

    def answered(self, answers: int) -> None:
        """Advance it."""
        with self._lock:
            self._reporter.answered(ANSWERS, answers, self._expected)

    def note(self, text: str) -> None:
        """Show the note."""
        self._reporter.note(text)

    def ended(self, record: CellRecord) -> None:
        """Advance the bar of cells; say why one failed."""
        self._reporter.answered("cells", 1, self._cells)
        if record.failed:
            self._reporter.note(f"failed: {record.label}: {record.reason}")
