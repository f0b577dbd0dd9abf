"""An optimiser's own arguments, ``tuning.options`` of a recipe: checked before anything is asked."""

import contextlib
import inspect
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from types import UnionType
from typing import Any, Union, get_args, get_origin

import dspy
from pydantic import ConfigDict, PydanticUserError, TypeAdapter, ValidationError
from pydantic_core import SchemaError

from value_personas.experiments.recipe.optimizers import OPTIMIZERS
from value_personas.signatures import RecipeError

CLASSES: dict[str, Any] = {name: getattr(dspy, kind) for name, kind in OPTIMIZERS.items()}
"""Optimiser → DSPy's class."""

GEPA_OWN = (
    *("frontier_type", "stop_callbacks", "acceptance_criterion", "merge_val_overlap_floor"),
    "cache_evaluation",
)
"""Arguments of ``gepa.optimize`` that DSPy hands on and a recipe can write."""

_CELLS = "tuning's numbers of cells decide it"
_PROPOSER = "tuning.proposer names that model"
_OWN_RECORD = "a tuning keeps its own record, in its folder and in MLflow"
_DECIDED = {
    "metric": "tuning.metric decides it",
    "student": "tuning.kind and tuning.instruction decide it",
    "trainset": _CELLS,
    "valset": _CELLS,
    "eval_kwargs": _CELLS,
    "reflection_lm": _PROPOSER,
    "prompt_model": _PROPOSER,
    "task_model": "respondent.lm and descriptors.lm name it",
    "teacher": "tuning.teacher is its instruction",
    "teacher_settings": "tuning.teacher is its instruction",
    "seed": "the recipe's seed decides it",
    "num_threads": "it is 1: the questions of a cell are asked side by side anyway",
    "log_dir": "a tuning goes on from the answer store, not from a pickle",
    **dict.fromkeys(("use_wandb", "wandb_api_key", "wandb_init_kwargs", "use_mlflow"), _OWN_RECORD),
}
"""What the recipe says elsewhere, or tuning sees to itself."""

_STOPPERS = (
    *(
        "NoImprovementStopper",
        "TimeoutStopCondition",
        "ScoreThresholdStopper",
        "MaxCandidateProposalsStopper",
    ),
    *("MaxTrackedCandidatesStopper", "MaxMetricCallsStopper"),
)
"""GEPA's stoppers that need nothing but numbers."""

_LOOSE = ConfigDict(arbitrary_types_allowed=True)


def arguments_of(called: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """Its arguments that have a name, ``self`` and catch-alls left out."""
    try:
        signature = inspect.signature(called, eval_str=True)
    except NameError:  # a type that is there for type checkers alone
        signature = inspect.signature(called)
    named = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    return {n: p for n, p in signature.parameters.items() if n != "self" and p.kind in named}


def accepted_options(optimizer: str, run: Callable[..., Any]) -> dict[str, inspect.Parameter]:
    """What an optimiser takes: arguments of DSPy's class and its ``compile``, or of a plugged-in function.

    Args:
        optimizer: its name.
        run: the function that runs it; of a plugged-in one, arguments after the task are its options.
    """
    if optimizer not in CLASSES:
        return dict(list(arguments_of(run).items())[1:])
    made = CLASSES[optimizer]
    found = arguments_of(made.compile) | arguments_of(made)
    if optimizer == "gepa":
        from gepa.api import optimize  # half a second that only GEPA needs

        whole = arguments_of(optimize)
        found |= {name: whole[name] for name in GEPA_OWN}
        found.pop("gepa_kwargs")
    return found


def check_options(optimizer: str, run: Callable[..., Any], options: Mapping[str, Any]) -> None:
    """Refuse what an optimiser does not take.

    Raises:
        RecipeError: for a name that it does not know, with the nearest; one that the recipe decides
            elsewhere; a value of another type.
    """
    accepted = accepted_options(optimizer, run) if options else {}
    for name, value in options.items():
        place = f"tuning.options.{name}"
        if name in _DECIDED and optimizer in CLASSES:
            raise RecipeError(f"{place} is not for the recipe: {_DECIDED[name]}")
        if name not in accepted:
            free = [known for known in accepted if known not in _DECIDED]
            raise RecipeError(f"{place}: {optimizer} takes no such argument; {_nearest(name, free)}")
        if name == "stop_callbacks":
            stoppers(value)
        else:
            _check_value(place, value, accepted[name])
    _check_together(optimizer, options)


def _nearest(name: str, known: Iterable[str]) -> str:
    known = list(known)
    near = get_close_matches(name, known, n=1, cutoff=0.6)
    return f"did you mean {near[0]}?" if near else f"it takes {', '.join(known)}"


def _check_value(place: str, value: Any, parameter: inspect.Parameter) -> None:
    wanted, default = parameter.annotation, parameter.default
    if wanted is inspect.Parameter.empty:
        wanted = type(default) if isinstance(default, (int, float, str)) else float | list[float]
    reasons: dict[str, None] = {}
    for member in get_args(wanted) if get_origin(wanted) in (Union, UnionType) else (wanted,):
        # An object of Python, which no recipe can write, has no adapter or asks for an instance.
        with contextlib.suppress(PydanticUserError, SchemaError, TypeError):
            try:
                TypeAdapter(member, config=_LOOSE).validate_python(value, strict=True)
            except ValidationError as error:
                told = (
                    e["msg"] for e in error.errors() if e["type"] not in ("is_instance_of", "none_required")
                )
                reasons |= dict.fromkeys(message[:1].lower() + message[1:] for message in told)
            else:
                return
    if not reasons:
        raise RecipeError(
            f"{place} is an object of Python, which no recipe can write; give it to the optimiser yourself "
            "(value_personas.tuning_task)"
        )
    raise RecipeError(f"{place} = {value!r}: {' or '.join(reasons)}")


def _check_together(optimizer: str, options: Mapping[str, Any]) -> None:
    if optimizer != "gepa":
        return
    budgets = [name for name in ("auto", "max_full_evals", "max_metric_calls") if name in options]
    if len(budgets) > 1:
        raise RecipeError(f"tuning.options: {' and '.join(budgets)} are two budgets of GEPA; keep one")
    if options.get("track_best_outputs") and not options.get("track_stats"):
        raise RecipeError("tuning.options.track_best_outputs needs track_stats = true")


def stoppers(named: Any) -> list[Any]:
    """GEPA's stoppers by name, each with its arguments: ``NoImprovementStopper.max_iterations… = 5``.

    Raises:
        RecipeError: for a name or an argument that there is not.
    """
    from gepa.utils import stop_condition

    place = "tuning.options.stop_callbacks"
    if not isinstance(named, dict):
        raise RecipeError(f"{place} is a table of stoppers, each a table of its arguments, got {named!r}")
    found = []
    for name, given in named.items():
        if name not in _STOPPERS:
            raise RecipeError(
                f"{place}.{name}: GEPA has no such stopper of numbers; {_nearest(name, _STOPPERS)}"
            )
        made = getattr(stop_condition, name)
        takes = arguments_of(made)
        if not isinstance(given, dict):
            raise RecipeError(
                f"{place}.{name} is a table of its arguments: {', '.join(takes)}, got {given!r}"
            )
        for argument, value in given.items():
            if argument not in takes:
                raise RecipeError(f"{place}.{name}.{argument}: no such argument; {_nearest(argument, takes)}")
            _check_value(f"{place}.{name}.{argument}", value, takes[argument])
        if missing := [argument for argument in takes if argument not in given]:
            raise RecipeError(f"{place}.{name} needs {', '.join(missing)}")
        found.append(made(**given))
    return found
