"""The models of one run, or of several that go on side by side: one for equal settings."""

import asyncio
import threading
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

from value_personas.experiments import answer_store
from value_personas.programs import EngineSettings, connect
from value_personas.programs.engines import AnswerStore, Model

__all__ = ["Models", "with_models"]

T = TypeVar("T")


class Models:
    """Opens models and keeps them open, so that whoever asks the same model shares its limits.

    Caps on calls, tokens and money, limits per minute, calls in flight and the connections themselves then
    hold for all who ask together.

    Args:
        store: keeps every reply; it is not closed here.
    """

    def __init__(self, store: AnswerStore) -> None:
        self.store = store
        self._open: dict[str, Model] = {}
        self._lock = threading.Lock()

    def open(self, settings: EngineSettings) -> Model:
        """The model of these settings; a recipe's ways of asking stand beside them and do not count."""
        key = EngineSettings.model_validate(
            {name: getattr(settings, name) for name in EngineSettings.model_fields}
        ).model_dump_json()
        with self._lock:
            if key not in self._open:
                self._open[key] = connect(settings, self.store)
            return self._open[key]

    async def aclose(self) -> None:
        """Close the connections of the running loop."""
        for model in self._open.values():
            await model.aclose()


def with_models(store: str | Path, work: Callable[[Models], Awaitable[T]]) -> T:
    """Do some asking with a store, models and an event loop of its own, and close all three.

    Args:
        store: the answer store's file or database URL.
        work: asks.
    """

    async def whole(models: Models) -> T:
        try:
            return await work(models)
        finally:
            await models.aclose()

    with answer_store.AnswerStore(store) as opened:
        return asyncio.run(whole(Models(opened)))
