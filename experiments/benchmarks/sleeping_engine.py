"""An engine that takes a while over each request, one after the other, as a device does; for cluster workers.

Workers load it as a preload of Dask's: ``DASK_DISTRIBUTED__WORKER__PRELOAD=…/sleeping_engine.py``.
"""

import hashlib
import os
import time
from typing import Any

from dspy.lm15 import Request
from pydantic import BaseModel, ConfigDict

from value_personas.programs.engines import ENGINES, EngineKind, Reply


class SleepingParameters(BaseModel):
    """Seconds a request, and the text at which a worker dies or the engine fails, if any."""

    model_config = ConfigDict(extra="forbid")

    seconds: float = 0.03
    dies_at: str = "\x00"
    fails_at: str = "\x00"


class Sleeping(EngineKind):
    """Answers A or B by what is asked, after a while."""

    parameters = SleepingParameters
    is_free = True
    identity = "sleeping"

    def __init__(self, parameters: SleepingParameters) -> None:
        self._parameters = parameters

    @classmethod
    def opened(cls, settings: Any, model: str) -> "Sleeping":
        """By its parameters."""
        if model == "absent":
            raise FileNotFoundError("no such model here")
        if settings.api_key_env:
            settings.key()
        return cls(SleepingParameters(**settings.parameters))

    async def reply(self, request: Request, sample: int = 0) -> Reply:
        """Answer one request; the event loop waits, as it would for a device."""
        text = str(request.messages[-1].text)
        if self._parameters.dies_at in text:
            os.kill(os.getpid(), 9)
        if self._parameters.fails_at in text:
            raise RuntimeError("a fault of the engine")
        if self._parameters.seconds:
            time.sleep(self._parameters.seconds)
        share = 0.4 + 0.6 * (int.from_bytes(hashlib.sha256(text.encode()).digest()[:4]) / 2**32)
        return Reply("A", (("A", -share), ("B", -2.0), ("C", -3.0), ("D", -4.0)), "stop", 100, 1, 0.0)

    async def aclose(self) -> None:
        """Nothing to close."""


ENGINES.own = {**ENGINES.own, "sleeping": Sleeping}
ENGINES._loaded["sleeping"] = Sleeping
