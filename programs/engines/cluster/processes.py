"""A scheduler and workers here, for ``local:N``: a worker that ends, however early, is started again.

Dask's own ``LocalCluster`` gives a worker up that is killed again before it has started.
"""

import logging
import os
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from typing import Any

import dask
from distributed import LocalCluster

_LOOK_S = 0.3
_EARLY_S = 60.0
_EARLY_ENDS = 3
"""Workers that end by themselves so soon, one after the other, will do so again."""

_SCHEDULER_S = 60
"""A worker ends when it finds no scheduler for so long: this process was killed."""

_CLOSE_S = 5.0


class Processes:
    """One scheduler in this process and so many workers of one thread each, kept up until they are closed.

    Args:
        count: how many workers.

    Attributes:
        address: the scheduler's; of this machine alone.
        count: how many workers.
        problem: why workers are no longer started; None as long as they are.
    """

    def __init__(self, count: int) -> None:
        # A block whose worker died is cut in two at once, not tried whole three times more.
        with dask.config.set({"distributed.scheduler.allowed-failures": 0}):  # pyright: ignore
            self._cluster = LocalCluster(
                n_workers=0,
                processes=True,
                dashboard_address="127.0.0.1:0",
                silence_logs=logging.CRITICAL,
            )
        self.address = str(self._cluster.scheduler_address)
        self.count = count
        self.problem: str | None = None
        self._early = 0
        self._closed = threading.Event()
        self._environment = _environment()
        self._folder = tempfile.TemporaryDirectory(prefix="value-personas-", ignore_cleanup_errors=True)
        self._workers = [self._started() for _ in range(count)]
        self._keeper = threading.Thread(target=self._keep, name="workers", daemon=True)
        self._keeper.start()

    def close(self) -> None:
        """End them all; closing twice is allowed."""
        self._closed.set()
        self._keeper.join()
        for worker in self._workers:
            worker.end()
        self._cluster.close(timeout=_CLOSE_S)
        self._folder.cleanup()

    def _started(self) -> "_Worker":
        return _Worker(self.address, self._folder.name, self._environment)

    def _keep(self) -> None:
        while not self._closed.wait(_LOOK_S):
            for place, worker in enumerate(self._workers):
                code = worker.process.poll()
                if code is None or self.problem:
                    continue
                is_early = code > 0 and time.monotonic() - worker.started < _EARLY_S
                self._early = self._early + 1 if is_early else 0
                if self._early >= _EARLY_ENDS:
                    self.problem = f"processes that are started here end at once: {worker.last_words()}"
                worker.end()
                if not self.problem:
                    self._workers[place] = self._started()


class _Worker:
    """A worker's process, and what it said."""

    def __init__(self, scheduler: str, folder: str, environment: dict[str, str]) -> None:
        self.started = time.monotonic()
        self._said = Path(folder) / f"said-{uuid.uuid4().hex}"
        with self._said.open("wb") as said:
            self.process = subprocess.Popen(
                [
                    *(sys.executable, "-P", "-m", "distributed.cli.dask_worker", scheduler),
                    *("--nthreads", "1", "--no-nanny", "--no-dashboard", "--memory-limit", "0"),
                    *("--death-timeout", str(_SCHEDULER_S), "--local-directory", folder),
                ],
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=said,
                start_new_session=True,  # Ctrl-C is for whoever asks: it keeps what has come, and closes this
            )

    def last_words(self) -> str:
        """The end of what it wrote to stderr."""
        lines = self._said.read_bytes().decode(errors="replace").strip().splitlines()
        return lines[-1][:200] if lines else f"exit code {self.process.returncode}"

    def end(self) -> None:
        """End it, if it has not ended; what it was asked and has not told is asked again."""
        self.process.kill()
        self.process.wait()
        self._said.unlink(missing_ok=True)


def _environment() -> dict[str, str]:
    """Of a worker: what this process imports and how Dask is set here, quiet, with one thread for numbers."""
    with dask.config.set({"logging.distributed": "critical"}):  # pyright: ignore
        settings: Any = dask.config.serialize(dask.config.global_config)  # pyright: ignore
    one_thread: dict[str, Any] = dask.config.get("distributed.nanny.pre-spawn-environ", {})  # pyright: ignore
    return (
        {name: str(value) for name, value in one_thread.items()}
        | os.environ
        | {
            "DASK_INTERNAL_INHERIT_CONFIG": settings,
            "PYTHONPATH": os.pathsep.join(path or str(Path.cwd()) for path in sys.path),
        }
    )
