"""Asking for many runs at once: one store, one loop, one model for equal settings."""

import threading
from concurrent.futures import Future

from value_personas.experiments.fieldwork.asking import Asked, Asking, ask_everything
from value_personas.experiments.fieldwork.models import Models
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.run.pipeline import OnAnswered
from value_personas.programs.engines import AnswerStore, run_in_background, start_in_background

__all__ = ["SharedAsking"]


class SharedAsking:
    """Puts the panels of several runs to shared models; each caller waits in a thread of its own.

    Identical requests in flight are one call, whoever asks; caps and limits hold for all together.

    Args:
        store: keeps every reply; it is not closed here.
    """

    def __init__(self, store: AnswerStore) -> None:
        self.models = Models(store)
        self._going_on: set[Future[Asked]] = set()
        self._lock = threading.Lock()
        self.stopped = False

    def __call__(self, recipe: Recipe, asking: Asking, on_answered: OnAnswered) -> Asked:
        """Ask and wait.

        Raises:
            concurrent.futures.CancelledError: after ``stop``.
        """
        future = start_in_background(ask_everything(recipe, asking, self.models, on_answered))
        with self._lock:
            self._going_on.add(future)
            if self.stopped:
                future.cancel()
        try:
            return future.result()
        finally:
            with self._lock:
                self._going_on.discard(future)

    def stop(self) -> None:
        """Cancel what is in flight; what was answered is stored."""
        with self._lock:
            self.stopped = True
            for future in self._going_on:
                future.cancel()

    def close(self) -> None:
        """Close the models' connections."""
        run_in_background(self.models.aclose())
