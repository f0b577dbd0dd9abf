"""What can answer: one file per engine, and what stands around each."""

from typing import TYPE_CHECKING

from programs.engines.base import Engine, InProcess, SyncEngine
from programs.engines.limits import Usage
from programs.engines.openai_http import OpenAIHTTP
from programs.engines.settings import EngineSettings, Prices

if TYPE_CHECKING:
    from programs.engines.connecting import connect

__all__ = ["Engine", "EngineSettings", "InProcess", "OpenAIHTTP", "Prices", "SyncEngine", "Usage", "connect"]


def __getattr__(name: str) -> object:
    """``connect`` on first use: it makes a ``Model``, which itself is built of engines."""
    if name == "connect":
        from programs.engines.connecting import connect

        return connect
    raise AttributeError(f"module 'programs.engines' has no attribute {name!r}")
