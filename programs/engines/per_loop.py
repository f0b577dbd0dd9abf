"""Things that belong to one event loop, made when first asked for there and closed with the loop."""

import asyncio
from collections.abc import AsyncGenerator, Callable
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

T = TypeVar("T")


class PerLoop(Generic[T]):
    """One value for each event loop that asks.

    A panel run by ``asyncio.run`` and DSPy's threads use the same model from different loops, and a
    connection pool or a queue of waiters must never cross from one to another. The value's scope is an
    asynchronous generator, which ``asyncio.run`` itself finishes before it closes the loop: nobody has
    to remember to.

    Args:
        scope: yields the value once, then cleans up.
    """

    def __init__(self, scope: Callable[[], AsyncGenerator[T, None]]) -> None:
        self._scope = scope
        self._values: WeakKeyDictionary[asyncio.AbstractEventLoop, tuple[T, AsyncGenerator[T, None]]] = (
            WeakKeyDictionary()
        )

    async def get(self) -> T:
        """The running loop's value."""
        loop = asyncio.get_running_loop()
        held = self._values.get(loop)
        if held is None:
            generator = self._scope()
            held = self._values[loop] = (await anext(generator), generator)
        return held[0]

    async def aclose(self) -> None:
        """Clean up the running loop's value; other loops' values go with their loops."""
        held = self._values.pop(asyncio.get_running_loop(), None)
        if held is not None:
            await held[1].aclose()
