"""What is learned: recipes, stores, scores, tests and reports.

Names are imported on first use, so that the command line answers at once.
"""

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from experiments.config import Recipe
    from experiments.pipeline import run
    from experiments.recipe_files import load_recipe
    from experiments.result import RunResult

__all__ = ["Recipe", "RunResult", "load_recipe", "run"]

_HOMES = {
    "Recipe": "experiments.config",
    "RunResult": "experiments.result",
    "load_recipe": "experiments.recipe_files",
    "run": "experiments.pipeline",
}


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    if name in _HOMES:
        return getattr(import_module(_HOMES[name]), name)
    raise AttributeError(f"module 'experiments' has no attribute {name!r}")
