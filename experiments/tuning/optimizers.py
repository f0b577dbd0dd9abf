"""DSPy's optimisers by name, each fitted to a budget in calls.

An optimiser counts what it does in its own units (trials, steps, metric calls); the plan turns calls into
those, generously. What is never passed is the meter's limit, which stops any of them in mid-trial.
``num_threads`` is 1 throughout: with more, DSPy's evaluators run an example of over 120 s again, and the
questions of a cell are asked side by side inside the program anyway.
"""

from dataclasses import dataclass
from types import FunctionType

import dspy

from value_personas.experiments.recipe.optimizers import OPTIMIZER_GROUP, OPTIMIZERS
from value_personas.experiments.tuning.budget import CallPlan
from value_personas.experiments.tuning.metric import CellMetric, FeedbackMetric
from value_personas.signatures import Registry

__all__ = ["OPTIMIZE", "OptimizerTask"]

_MINIBATCH = 3
"""Cells a reflection of GEPA looks at."""


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


def gepa(task: OptimizerTask) -> dspy.Module:
    optimizer = dspy.GEPA(
        metric=task.feedback,
        max_metric_calls=max(task.calls // task.calls_a_cell, 2 * len(task.validation)),
        reflection_lm=task.proposer,
        reflection_minibatch_size=min(_MINIBATCH, len(task.training)),
        num_threads=1,
        seed=task.seed,
        use_merge=False,
    )
    # No log_dir: GEPA's own checkpoint is a pickle. It repeats its search from the answer store instead.
    return optimizer.compile(task.student, trainset=task.training, valset=task.validation)


def miprov2(task: OptimizerTask) -> dspy.Module:
    candidates = task.affordable((task.plan.descriptors + task.plan.validation) // 2, least=3, most=12)
    optimizer = dspy.MIPROv2(
        metric=task.metric,
        prompt_model=task.proposer,
        task_model=dspy.settings.lm,
        auto=None,
        num_candidates=candidates,
        max_bootstrapped_demos=0,
        max_labeled_demos=0,
        num_threads=1,
        seed=task.seed,
    )
    return optimizer.compile(
        task.student,
        trainset=task.training,
        valset=task.validation,
        num_trials=2 * candidates,
        minibatch=False,
        view_data_batch_size=3,
    )


def copro(task: OptimizerTask) -> dspy.Module:
    depth = 2
    candidates = task.affordable(task.plan.descriptors + task.plan.training, least=4, most=16)
    optimizer = dspy.COPRO(
        prompt_model=task.proposer, metric=task.metric, breadth=max(candidates // depth, 2), depth=depth
    )
    return optimizer.compile(
        task.student, trainset=task.training, eval_kwargs={"num_threads": 1, "display_progress": False}
    )


def simba(task: OptimizerTask) -> dspy.Module:
    batch, width = min(4, len(task.training)), 2
    step = (2 * width + 1) * (task.plan.descriptors + batch * task.calls_a_cell)
    optimizer = dspy.SIMBA(
        metric=task.metric,
        bsize=batch,
        num_candidates=width,
        # Much of a step is known already: measured, it takes about a quarter of what it would take alone.
        max_steps=task.affordable(step // 4, least=2, most=8),
        max_demos=0,
        prompt_model=task.proposer,
        num_threads=1,
    )
    return optimizer.compile(task.student, trainset=task.training, seed=task.seed)


def bootstrap(task: OptimizerTask) -> dspy.Module:
    optimizer = dspy.BootstrapFewShot(
        metric=task.metric,
        metric_threshold=task.threshold,
        max_bootstrapped_demos=task.demonstrations,
        max_labeled_demos=0,
    )
    return optimizer.compile(task.student, teacher=task.teacher, trainset=task.training)


def bootstrap_random_search(task: OptimizerTask) -> dspy.Module:
    sets = task.affordable(task.plan.descriptors + task.plan.validation, least=2, most=8)
    optimizer = dspy.BootstrapFewShotWithRandomSearch(
        metric=task.metric,
        metric_threshold=task.threshold,
        max_bootstrapped_demos=task.demonstrations,
        max_labeled_demos=0,
        num_candidate_programs=sets,
        num_threads=1,
    )
    return optimizer.compile(
        task.student, teacher=task.teacher, trainset=task.training, valset=task.validation
    )


OPTIMIZE: Registry[FunctionType] = Registry(
    OPTIMIZER_GROUP, FunctionType, {name: globals()[name.replace("-", "_")] for name in OPTIMIZERS}
)
"""Name → a run of the optimiser, which returns the best program by its own light."""
