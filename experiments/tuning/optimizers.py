"""DSPy's optimisers by name, each fitted to a budget in calls.

An optimiser counts what it does in its own units (trials, steps, metric calls); the plan turns calls into
those, generously, where ``tuning.options`` does not say otherwise. What is never passed is the meter's limit,
which stops any of them in mid-trial. ``num_threads`` is 1 throughout: with more, DSPy's evaluators run an
example of over 120 s again, and the questions of a cell are asked side by side inside the program anyway.
"""

from dataclasses import dataclass
from types import FunctionType
from typing import Any

import dspy

from value_personas.experiments.recipe.optimizers import OPTIMIZER_GROUP, OPTIMIZERS
from value_personas.experiments.tuning.budget import CallPlan, gepa_minibatch
from value_personas.experiments.tuning.metric import CellMetric, FeedbackMetric
from value_personas.experiments.tuning.options import CLASSES, GEPA_OWN, arguments_of, stoppers
from value_personas.signatures import RecipeError, Registry


@dataclass(frozen=True)
class OptimizerTask:
    """What an optimiser is given.

    Attributes:
        student: the program to tune.
        training: examples to learn from.
        validation: examples to choose on.
        metric: the reward of one cell.
        feedback: the reward with words.
        proposer: the model that proposes prompts.
        teacher: the program that writes demonstrations; the student itself when None.
        demonstrations: shown to the writer at most.
        threshold: the reward from which a training cell's descriptors may become demonstrations.
        calls: calls that may be used.
        plan: what an evaluation costs.
        seed: of the optimiser's own draws.
    """

    student: dspy.Module
    training: list[dspy.Example]
    validation: list[dspy.Example]
    metric: CellMetric
    feedback: FeedbackMetric
    proposer: dspy.LM
    teacher: dspy.Module | None
    demonstrations: int
    threshold: float
    calls: int
    plan: CallPlan
    seed: int

    @property
    def calls_a_cell(self) -> int:
        """Calls by which a training cell is predicted, descriptors not counted."""
        return max(self.plan.training // len(self.training), 1)

    def affordable(self, calls_a_candidate: int, least: int, most: int) -> int:
        """How many candidates of such a price the budget allows."""
        return min(max(self.calls // max(calls_a_candidate, 1), least), most)


def _gepa(task: OptimizerTask, **options: Any) -> dspy.Module:
    own = {name: options.pop(name) for name in GEPA_OWN if name in options}
    if "stop_callbacks" in own:
        own["stop_callbacks"] = stoppers(own["stop_callbacks"])
    many = own.get("frontier_type", "instance") != "instance"
    budget = {"max_metric_calls": len(task.validation) + task.calls // task.calls_a_cell}
    made: dict[str, Any] = {
        "metric": task.feedback.with_objectives() if many else task.feedback,
        "reflection_lm": task.proposer,
        "reflection_minibatch_size": gepa_minibatch(options, len(task.training)),
        "num_threads": 1,
        "seed": task.seed,
        "use_merge": False,
        "gepa_kwargs": own,
        **({} if {"auto", "max_full_evals"} & options.keys() else budget),
    }
    # No log_dir: GEPA's own checkpoint is a pickle. It repeats its search from the answer store instead.
    return _compiled(task, "gepa", made | options, {"valset": task.validation})


def _miprov2(task: OptimizerTask, **options: Any) -> dspy.Module:
    fits = task.affordable((task.plan.descriptors + task.plan.validation) // 2, least=3, most=12)
    candidates = options.get("num_candidates", fits)
    sized = options.get("auto") is not None  # it then counts candidates and trials itself
    made = {
        "metric": task.metric,
        "prompt_model": task.proposer,
        "task_model": dspy.settings.lm,
        "auto": None,
        "num_candidates": None if sized else candidates,
        "max_bootstrapped_demos": 0,
        "max_labeled_demos": 0,
        "num_threads": 1,
        "seed": task.seed,
    }
    compiled = {
        "valset": task.validation,
        "num_trials": None if sized else 2 * candidates,
        "minibatch": False,
        "view_data_batch_size": 3,
    }
    return _compiled(task, "miprov2", made | options, compiled)


def _copro(task: OptimizerTask, **options: Any) -> dspy.Module:
    depth = options.get("depth", 2)
    candidates = task.affordable(task.plan.descriptors + task.plan.training, least=4, most=16)
    made = {
        "prompt_model": task.proposer,
        "metric": task.metric,
        "breadth": max(candidates // depth, 2),
        "depth": depth,
    }
    compiled = {"eval_kwargs": {"num_threads": 1, "display_progress": False}}
    return _compiled(task, "copro", made | options, compiled)


def _simba(task: OptimizerTask, **options: Any) -> dspy.Module:
    batch = options.get("bsize", min(4, len(task.training)))
    width = options.get("num_candidates", 2)
    step = (2 * width + 1) * (task.plan.descriptors + batch * task.calls_a_cell)
    made = {
        "metric": task.metric,
        "bsize": batch,
        "num_candidates": width,
        # Much of a step is known already: measured, it takes about a quarter of what it would take alone.
        "max_steps": task.affordable(step // 4, least=2, most=8),
        "max_demos": 0,
        "prompt_model": task.proposer,
        "num_threads": 1,
    }
    return _compiled(task, "simba", made | options, {"seed": task.seed})


def _bootstrap(task: OptimizerTask, **options: Any) -> dspy.Module:
    return _compiled(task, "bootstrap", _demonstrating(task) | options, {"teacher": task.teacher})


def _bootstrap_random_search(task: OptimizerTask, **options: Any) -> dspy.Module:
    sets = task.affordable(task.plan.descriptors + task.plan.validation, least=2, most=8)
    made = _demonstrating(task) | {"num_candidate_programs": sets, "num_threads": 1}
    compiled = {"teacher": task.teacher, "valset": task.validation}
    return _compiled(task, "bootstrap-random-search", made | options, compiled)


def _demonstrating(task: OptimizerTask) -> dict[str, Any]:
    return {
        "metric": task.metric,
        "metric_threshold": task.threshold,
        "max_bootstrapped_demos": task.demonstrations,
        "max_labeled_demos": 0,
    }


def _compiled(task: OptimizerTask, name: str, made: dict[str, Any], compiled: dict[str, Any]) -> dspy.Module:
    """Make an optimiser and let it work; of what it is made of, what only ``compile`` takes goes there.

    Raises:
        RecipeError: when DSPy refuses its arguments.
    """
    takes = arguments_of(CLASSES[name])
    rest = {key: value for key, value in made.items() if key not in takes}
    try:
        optimizer = CLASSES[name](**{key: value for key, value in made.items() if key in takes})
    except (AssertionError, TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise RecipeError(f"tuning.options: {name} refuses them: {reason}") from None
    best: dspy.Module = optimizer.compile(task.student, trainset=task.training, **(compiled | rest))
    return best


OPTIMIZE: Registry[FunctionType] = Registry(
    OPTIMIZER_GROUP, FunctionType, {name: globals()[f"_{name.replace('-', '_')}"] for name in OPTIMIZERS}
)
"""Name → a run of the optimiser, which returns the best program by its own light.

A run takes the task, and ``tuning.options`` as further arguments.
"""
