from . import data, experiments, programs, signatures
from .experiments.recipe.loading import load_recipe
from .experiments.recipe.recipe import Recipe
from .experiments.run.pipeline import run
from .experiments.run.result import RunResult

__all__ = ["Recipe", "RunResult", "data", "experiments", "load_recipe", "programs", "run", "signatures"]
