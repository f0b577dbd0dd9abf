"""One event loop in a background thread, for callers that are not asynchronous themselves."""

import asyncio
import atexit
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from functools import cache
from typing import Any, TypeVar

T = TypeVar("T")


def run_in_background(
    work: Coroutine[Any, Any, T], on_started: Callable[[Future[T]], object] = lambda future: None
) -> T:
    """Run a coroutine on the background loop and wait for it.

    All of DSPy's threads share this loop, and with it one pool of connections. What ends the waiting, an
    interrupt for example, ends the work too: this returns once it has cleaned up.

    Args:
        work: what is run.
        on_started: receives the future that is waited for, so that others can cancel it.
    """
    future = start_in_background(work)
    try:
        on_started(future)
        return future.result()
    except BaseException:
        if future.cancel():
            start_in_background(_ended(work)).result()
        raise


async def _ended(work: Coroutine[Any, Any, T]) -> None:
    """Wait until the task of a coroutine is over."""
    if tasks := [task for task in asyncio.all_tasks() if task.get_coro() is work]:
        await asyncio.wait(tasks)


def start_in_background(work: Coroutine[Any, Any, T]) -> Future[T]:
    """Start a coroutine on the background loop; cancelling the future cancels the coroutine."""
    with _starting:  # functools.cache alone may call twice
        background = _background()
    return asyncio.run_coroutine_threadsafe(work, background.loop)


class _Background:
    """An event loop that runs until the process ends, and then closes what belongs to it."""

    def __init__(self) -> None:
        self._ready = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="value-personas-loop", daemon=True)
        self._thread.start()
        self._ready.wait()

    def _serve(self) -> None:
        with asyncio.Runner() as runner:
            self.loop = runner.get_loop()
            self._stopped = self.loop.create_future()
            self._ready.set()
            runner.run(self._until_stopped())

    async def _until_stopped(self) -> None:
        await self._stopped

    def stop(self) -> None:
        self.loop.call_soon_threadsafe(self._stopped.set_result, None)
        self._thread.join(timeout=5)


@cache
def _background() -> _Background:
    background = _Background()
    atexit.register(background.stop)
    return background


_starting = threading.Lock()
