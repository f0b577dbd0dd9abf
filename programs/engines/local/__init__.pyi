from .engine import LocalEngine
from .parameters import LocalParameters, Scoring

__all__ = ["LocalEngine", "LocalParameters", "Scoring"]
