"""What runs are fielded with, once for all that go on side by side: answers, models, and what was read."""

import threading
from collections.abc import Callable, Coroutine, Hashable
from concurrent.futures import Future
from types import TracebackType
from typing import Any, TypeVar

from value_personas.experiments.answer_store import AnswerStore
from value_personas.experiments.fieldwork.batch import the_batch
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs import EngineSettings, connect
from value_personas.programs.engines import Model, Replier, Tell, run_in_background

T = TypeVar("T")


class Fieldwork:
    """One answer store, one model for equal settings, and whatever else is read or drawn once.

    Whoever asks the same model shares its limits: caps on calls, tokens and money, limits per minute, calls
    in flight and the connections themselves hold for all together, and identical requests in flight are one
    call. Safe to use from several threads, and from one whose event loop is running.

    Args:
        workspace: where everything is kept.
        tell: shows one line to whoever watches, such as that a server is waited for.
        store: the answer store's database URL; a file in the workspace when absent. It is opened when the
            first model is.

    Attributes:
        batch: what is written down in place of being asked, where that is so (``batching``).

    Example:
        >>> with Fieldwork(workspace, reporter.note, recipe.store) as field:
        ...     ready = prepare(field, recipe)
        ...     asked = ask_everything(field, ready.asking, reporter.answered)
    """

    def __init__(self, workspace: Workspace, tell: Tell, store: str | None = None) -> None:
        self.workspace = workspace
        self.stopped = False
        self.batch = the_batch()
        self._tell = tell
        self._place = store or workspace.answers
        self._store: AnswerStore | None = None
        self._models: dict[str, Model] = {}
        self._kept: dict[Hashable, Any] = {}
        self._reading: dict[Hashable, threading.Lock] = {}
        self._going_on: set[Future[Any]] = set()
        self._lock = threading.RLock()

    def __enter__(self) -> "Fieldwork":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the models' connections and the store."""
        try:
            for model in self._models.values():
                run_in_background(model.aclose())
        finally:
            if self._store is not None:
                self._store.close()

    @property
    def store(self) -> AnswerStore:
        """Keeps every reply."""
        with self._lock:
            if self._store is None:
                self._store = AnswerStore(self._place)
            return self._store

    def model(
        self, settings: EngineSettings, around: Callable[[Replier], Replier] = lambda engine: engine
    ) -> Model:
        """The model of these settings; a recipe's ways of asking stand beside them and do not count.

        Args:
            settings: which model, where, and its limits.
            around: wraps the engine of a model that is not open yet; as of ``connect``.
        """
        names = EngineSettings.model_fields
        key = EngineSettings.model_validate({n: getattr(settings, n) for n in names}).model_dump_json()
        with self._lock:
            if key not in self._models and self.batch is not None:
                self._models[key] = self.batch.model(settings, self.store, self._tell)
            elif key not in self._models:
                self._models[key] = connect(settings, self.store, around, self._tell)
            return self._models[key]

    def once(self, key: Hashable, read: Callable[[], T]) -> T:
        """What ``read`` gives, read once for each key and kept for as long as this lives."""
        with self._lock:
            own = self._reading.setdefault(key, threading.Lock())
        with own:  # whoever else wants the same waits; others do not
            if key not in self._kept:
                self._kept[key] = read()
            kept: T = self._kept[key]
            return kept

    def wait(self, work: Coroutine[Any, Any, T]) -> T:
        """Ask, and wait for it in the calling thread; the asking itself goes on in the background loop.

        Raises:
            concurrent.futures.CancelledError: after ``stop``.
        """
        started: list[Future[T]] = []
        try:
            return run_in_background(work, lambda future: started.append(self._entered(future)))
        finally:
            with self._lock:
                self._going_on.difference_update(started)

    def _entered(self, future: Future[T]) -> Future[T]:
        with self._lock:
            self._going_on.add(future)
            if self.stopped:
                future.cancel()
        return future

    def stop(self) -> None:
        """Cancel what is in flight, and whatever would follow; what was answered is stored."""
        with self._lock:
            self.stopped = True
            for future in self._going_on:
                future.cancel()
