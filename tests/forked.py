"""Python processes that begin with everything imported, to be raced, killed and asked for their exit code.

A server of multiprocessing's imports once what commands and studies import, and forks: to begin a process so
costs a tenth of what starting one does. It shares nothing with the test, and holds no thread, file or lock of
anybody's.
"""

import multiprocessing
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

__all__ = ["Forked"]

_CONTEXT = multiprocessing.get_context("forkserver")
_CONTEXT.set_forkserver_preload(
    [
        *("PIL.PngImagePlugin", "matplotlib.backends.backend_agg", "matplotlib.pyplot", "narwhals.stable.v2"),
        *("mlflow", "mlflow.store.model_registry.sqlalchemy_store", "mlflow.store.tracking.sqlalchemy_store"),
        *("optuna", "pyarrow.dataset", "pyarrow.parquet", "scipy.stats", "sqlalchemy.dialects.sqlite"),
        *("value_personas.experiments.cli", "value_personas.experiments.run.pipeline"),
        *("value_personas.experiments.search.search", "value_personas.experiments.sweep.sweep"),
        "value_personas.experiments.tuning.tune",
    ]
)


class Forked:
    """As ``subprocess.Popen([sys.executable, "-c", code, *arguments])``.

    Args:
        code: what it does.
        arguments: its ``sys.argv[1:]``.
        told: the file of what it prints; nowhere when absent.
        complained: the file of what it writes to stderr; the same when absent.
    """

    def __init__(
        self, code: str, arguments: Sequence[str], told: Path | None = None, complained: Path | None = None
    ) -> None:
        out = told or Path(os.devnull)
        given = (code, tuple(arguments), dict(os.environ), (str(out), str(complained or out)))
        self._process = _CONTEXT.Process(target=_begin, args=given)
        self._process.start()

    def poll(self) -> int | None:
        """Its exit code, below zero the number of a signal; None while it runs."""
        return self._process.exitcode

    def wait(self) -> int:
        """The same, once it has ended."""
        self._process.join(300)
        code = self._process.exitcode
        assert code is not None, "it has not ended in five minutes"
        return code

    def kill(self) -> int:
        """Send SIGKILL, unless it has ended; its exit code."""
        if self.poll() is None:
            self._process.kill()
        return self.wait()


KILLED = -signal.SIGKILL
"""The exit code of a process that was killed."""


def _begin(code: str, arguments: tuple[str, ...], environment: dict[str, str], told: tuple[str, str]) -> None:
    os.environ.clear()
    os.environ.update(environment)
    for stream, place in enumerate(told, start=1):
        os.dup2(os.open(place, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), stream)
    sys.argv = ["-c", *arguments]
    exec(compile(code, "<forked>", "exec"), {"__name__": "__main__"})
