"""MLflow's database, made by one process while others wait."""

import contextlib
from collections.abc import Iterator
from pathlib import Path

from sqlalchemy.engine import make_url

try:
    import fcntl
except ImportError:  # Windows; there, two processes that begin a workspace at once may fail
    _HAS_LOCKS = False
else:
    _HAS_LOCKS = True

__all__ = ["alone_at"]


@contextlib.contextmanager
def alone_at(uri: str) -> Iterator[None]:
    """Within this, no other process of this package opens the same SQLite store for the first time.

    MLflow makes its tables in several steps, and takes those of another process for its own.

    Raises:
        OSError: when the lock beside the database cannot be written.
    """
    file = make_url(uri).database if uri.startswith("sqlite:") else None
    if not _HAS_LOCKS or not file or Path(file).is_dir():
        yield
        return
    with Path(f"{file}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
