"""What can answer: one file per engine, and what stands around each."""

from typing import TYPE_CHECKING

from value_personas.programs.engines.base import Engine, InProcess, SyncEngine
from value_personas.programs.engines.limits import Usage
from value_personas.programs.engines.openai_http import OpenAIHTTP
from value_personas.programs.engines.settings import EngineSettings, Prices

if TYPE_CHECKING:
    from value_personas.programs.engines.connecting import connect

__all__ = ["Engine", "EngineSettings", "InProcess", "OpenAIHTTP", "Prices", "SyncEngine", "Usage", "connect"]


def __getattr__(name: str) -> object:
    """``connect`` on first use: it makes a ``Model``, which itself is built of engines."""
    if name == "connect":
        from value_personas.programs.engines.connecting import connect

        return connect
    raise AttributeError(f"module 'value_personas.programs.engines' has no attribute {name!r}")
