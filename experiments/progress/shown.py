"""Whom a study of the Python interface tells how far it is."""

from collections.abc import Iterator
from contextlib import contextmanager

from value_personas.experiments.progress.notebook import NotebookReporter, in_notebook, in_one_line
from value_personas.experiments.progress.reporter import Reporter, Silent
from value_personas.experiments.progress.terminal import ConsoleReporter

Progress = bool | Reporter
"""True: shown, in the notebook's cell or on stderr. False: not. A reporter: told."""


@contextmanager
def shown(progress: Progress) -> Iterator[Reporter]:
    """The reporter that is meant; what it shows ends with the block. An interrupt is one line of a cell."""
    try:
        if progress is True:
            with NotebookReporter() if in_notebook() else ConsoleReporter() as reporter:
                yield reporter
        else:
            yield progress or Silent()
    except KeyboardInterrupt as interrupt:
        in_one_line(interrupt)
        raise
