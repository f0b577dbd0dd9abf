"""Garbage collection while hundreds of thousands of calls are in flight."""

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_NET_ALLOCATIONS = 100_000
"""After so many of them the young objects are looked through: at Python's 700, an eighth of a bulk run's CPU
went into looking for cycles of which it makes next to none. This is a few megabytes."""

_lock = threading.Lock()
_open_scopes = 0
_threshold = gc.get_threshold()
_froze = False


@contextmanager
def rare_collections() -> Iterator[None]:
    """Look for cycles less often, and not among what was there before. May be nested, in several threads."""
    with _lock:
        _enter()
    try:
        yield
    finally:
        with _lock:
            _leave()


def _enter() -> None:
    global _open_scopes, _threshold, _froze
    _open_scopes += 1
    if _open_scopes > 1:
        return
    _threshold, _froze = gc.get_threshold(), gc.get_freeze_count() == 0
    gc.set_threshold(max(_NET_ALLOCATIONS, _threshold[0]), *_threshold[1:])  # a command looks less often yet
    if _froze:  # else somebody else did, and it is theirs to undo
        gc.freeze()


def _leave() -> None:
    global _open_scopes
    _open_scopes -= 1
    if _open_scopes:
        return
    gc.set_threshold(*_threshold)
    if _froze:
        gc.unfreeze()
