from . import data, experiments, programs, signatures
from .experiments.ablation.ablate import ablate
from .experiments.calibration.calibrate import calibrate
from .experiments.recipe.loading import load_recipe
from .experiments.recipe.recipe import Recipe
from .experiments.report.writing import report
from .experiments.run.pipeline import run
from .experiments.run.result import RunResult
from .experiments.run.score import score
from .experiments.search.search import search
from .experiments.shapley.shapley import shapley
from .experiments.sweep.sweep import sweep
from .experiments.tuning.examples import examples
from .experiments.tuning.task import TuningTask, tuning_task
from .experiments.tuning.tune import tune
from .programs.population_program import PopulationProgram

__all__ = [
    "PopulationProgram",
    "Recipe",
    "RunResult",
    "TuningTask",
    "ablate",
    "calibrate",
    "data",
    "examples",
    "experiments",
    "load_recipe",
    "programs",
    "report",
    "run",
    "score",
    "search",
    "shapley",
    "signatures",
    "sweep",
    "tune",
    "tuning_task",
]
