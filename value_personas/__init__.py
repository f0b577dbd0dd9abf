"""Predict how a country's people would answer a survey question, and say how far to trust it.

Names are imported on first use: DSPy and pandas take half a second each.
"""

from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from value_personas.experiments.recipe.loading import load_recipe
    from value_personas.experiments.recipe.recipe import Recipe
    from value_personas.experiments.run.pipeline import run
    from value_personas.experiments.run.result import RunResult

__all__ = ["Recipe", "RunResult", "data", "experiments", "load_recipe", "programs", "run", "signatures"]

_FOLDERS = ("data", "experiments", "programs", "signatures")
_HOMES = {
    "Recipe": "recipe.recipe",
    "RunResult": "run.result",
    "load_recipe": "recipe.loading",
    "run": "run.pipeline",
}

if not (Path(__file__).parent / "signatures").is_dir():
    raise ImportError(
        "value_personas: the four folders are symbolic links that this checkout lacks; clone with symbolic "
        "links (on Windows: developer mode, then git config core.symlinks true), or install the wheel"
    )


def __getattr__(name: str) -> object:
    """Import a public name when it is first asked for (PEP 562)."""
    if name in _FOLDERS:
        return import_module(f"value_personas.{name}")
    if name in _HOMES:
        return getattr(import_module(f"value_personas.experiments.{_HOMES[name]}"), name)
    raise AttributeError(f"module 'value_personas' has no attribute {name!r}")
