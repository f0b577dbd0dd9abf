"""The models of one run, or of several that go on side by side: one for equal settings."""

import threading

from programs.engines import EngineSettings, connect
from programs.model import Model
from programs.replies import AnswerStore

__all__ = ["Models"]


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
