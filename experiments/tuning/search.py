"""The search: the original is evaluated, an optimiser works, and the best on validation is chosen."""

import contextlib
import traceback
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dspy

from value_personas.experiments.tuning.budget import plan_calls
from value_personas.experiments.tuning.examples import examples_of
from value_personas.experiments.tuning.optimizers import OPTIMIZE, OptimizerTask
from value_personas.experiments.tuning.session import TuningSession
from value_personas.experiments.tuning.splitting import TuningCells
from value_personas.experiments.tuning.watched import TuningStopped, WatchedProgram
from value_personas.signatures import BudgetError, RecipeError, ValuePersonasError


@dataclass(frozen=True)
class Search:
    """How a search ended.

    Attributes:
        original: the program as it was given.
        chosen: the best on validation; the original where nothing beats it.
        finalists: candidates that were judged on all validation cells, the original first.
        stopped: why the optimiser did not come to its own end, if so.
        stats: what GEPA tells of its search where ``track_stats`` asks for it.
    """

    original: WatchedProgram
    chosen: WatchedProgram
    finalists: tuple[str, ...]
    stopped: str | None
    stats: dict[str, Any] | None = None


def search_prompts(session: TuningSession, cells: TuningCells, log: Path) -> Search:
    """Evaluate the original, let the optimiser work, and choose on validation.

    Args:
        session: models, program, reward.
        cells: what may be learnt from.
        log: what the optimiser prints.

    Raises:
        ValuePersonasError: when nothing can be asked any more.
    """
    plan = plan_calls(session.recipe.tuning, session.program, cells)
    calls = plan.search(session.meter)
    original = session.program.deepcopy()
    if problems := original.problems:
        raise RecipeError(f"tuning.instruction: {problems[0]}")
    training = examples_of(cells.training.view, cells.training.cells, "training", cells.training.floor)
    validation = examples_of(
        cells.validation.view, cells.validation.cells, "validation", cells.validation.floor
    )
    with session.quiet(log):
        session.evaluate(original, [*training, *validation])
        plan.keep_money(session.meter, session.respondent, session.writer)
        threshold = session.ledger.mean(original.candidate, cells.training.cells)
        task = OptimizerTask(
            student=original.deepcopy(),
            training=training,
            validation=validation,
            metric=session.metric,
            feedback=session.feedback,
            proposer=session.proposer.lm,
            teacher=session.teacher(original),
            demonstrations=session.recipe.tuning.demonstrations,
            threshold=threshold,
            calls=calls,
            plan=plan,
            seed=session.recipe.seed,
        )
        returned, stopped, stats = _optimise(session, task)
        plan.keep_judgement(session.meter, session.respondent)
        finalists = _finalists(session, original.candidate, returned)
        chosen = _choose(session, original, finalists, cells, [*training, *validation])
        session.meter.keep_back(0)
    return Search(original, chosen, (original.candidate, *finalists), stopped, stats)


def _optimise(
    session: TuningSession, task: OptimizerTask
) -> tuple[str | None, str | None, dict[str, Any] | None]:
    """Run the optimiser; what it returns is a candidate like any other, entered in the table.

    Returns:
        That candidate, or None and why there is none; and what it tells of its search.

    Raises:
        ValuePersonasError: when the next session would meet the same.
    """
    name = session.recipe.tuning.optimizer
    try:
        best = OPTIMIZE[name](task, **session.recipe.tuning.options)
    except TuningStopped as stop:
        if not isinstance(stop.reason, BudgetError):
            raise stop.reason from None
        return None, str(stop.reason), None
    except BudgetError as error:  # met by the proposer, outside of any program
        return None, str(error), None
    except ValuePersonasError:
        raise
    except Exception as error:  # noqa: BLE001 - an optimiser may trip over any reply of a proposer
        print(traceback.format_exc())  # noqa: T201 - into its log
        return None, f"{name} gave up: {type(error).__name__}: {' '.join(str(error).split())[:200]}", None
    told = vars(best).pop("detailed_results", None)  # programs by the dozen: no part of the one that is kept
    session.table.enter(best)
    return str(best.candidate), None, None if told is None else told.to_dict()


def _finalists(session: TuningSession, original: str, returned: str | None) -> tuple[str, ...]:
    """What the optimiser returned, and the candidates with the largest paired gain so far."""
    ledger = session.ledger
    known = [c for c in ledger.candidates if session.table.get(c) is not None]
    by_gain = sorted(known, key=lambda c: -ledger.gain(c, original))
    in_order = dict.fromkeys([returned or original, *by_gain])
    sound = [c for c in in_order if c != original and c not in ledger.rejected]
    return tuple(sound[: session.recipe.tuning.finalists])


def _choose(
    session: TuningSession,
    original: WatchedProgram,
    finalists: Sequence[str],
    cells: TuningCells,
    examples: list[dspy.Example],
) -> WatchedProgram:
    """The best mean on all validation cells; the original wins ties."""
    ledger = session.ledger
    best, most = original, ledger.mean(original.candidate, cells.validation.cells)
    for candidate in finalists:
        program = session.table.get(candidate)
        if not isinstance(program, WatchedProgram):
            continue
        # What cannot be judged on every cell is not chosen: its mean is NaN.
        with contextlib.suppress(BudgetError):
            session.evaluate(program, examples)
        mean = ledger.mean(candidate, cells.validation.cells)
        if mean > most + 1e-12:
            best, most = program, mean
    return best
