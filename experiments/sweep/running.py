"""Cells run side by side; each is recorded when it ends, and one that fails does not stop the rest."""

import threading
import time
import traceback
from collections.abc import Callable, Sequence
from concurrent.futures import CancelledError, Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from dataclasses import field as dataclass_field

from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.rehearsal import Estimate
from value_personas.experiments.recipe.personas import PersonaKind
from value_personas.experiments.run.pipeline import predict_and_judge
from value_personas.experiments.run.writing import record_outcome
from value_personas.experiments.sweep.cells import Cell
from value_personas.experiments.sweep.plan import plan_what_can_be_run, total
from value_personas.experiments.sweep.records import CellRecord, Ledger
from value_personas.experiments.sweep.reporter import SweepProgress
from value_personas.experiments.tracking import run_title
from value_personas.experiments.workspace.folders import Workspace, mark_part
from value_personas.experiments.workspace.passwords import in_one_line
from value_personas.signatures import ValuePersonasError


@dataclass(slots=True)
class Runner:
    """What cells that run side by side share.

    Attributes:
        field: reads their surveys, puts their panels to the models, and says where runs are kept.
        reporter: receives the progress.
        parent: the MLflow run that they are parts of.
    """

    field: Fieldwork
    reporter: SweepProgress
    parent: str
    _writing: threading.Lock = dataclass_field(default_factory=threading.Lock)

    def run(self, cell: Cell) -> CellRecord:
        """Run a cell and record it, or say why it failed.

        Raises:
            concurrent.futures.CancelledError: when the sweep is being stopped.
        """
        started = time.monotonic()
        try:
            outcome = predict_and_judge(cell.recipe, self.field, _OneOfMany(self))
            with self._writing:  # figures and MLflow's SQLite take one writer at a time
                title = run_title(cell.recipe.name, cell.label)
                result = record_outcome(outcome, self.field.workspace, self.parent, title)
                mark_part(result.folder, self.parent)
        except ValuePersonasError as error:
            return self._record(cell, started, reason=in_one_line(error))
        except CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 - a fault in one cell must not cost the others theirs
            where = traceback.extract_tb(error.__traceback__)[-1]
            told = f"unexpected {type(error).__name__} in {where.name}: {in_one_line(error)}"
            return self._record(cell, started, reason=told)
        return self._record(cell, started, run=result.folder.name, mlflow_run_id=result.mlflow_run_id)

    def _record(
        self,
        cell: Cell,
        started: float,
        run: str | None = None,
        mlflow_run_id: str | None = None,
        reason: str | None = None,
    ) -> CellRecord:
        seconds = time.monotonic() - started
        return CellRecord(
            key=cell.key,
            label=cell.label,
            settings=cell.settings,
            run=run,
            mlflow_run_id=mlflow_run_id,
            reason=reason,
            seconds=seconds,
        )


class _OneOfMany:
    """A run's reporter that hands its progress on to the sweep's."""

    def __init__(self, runner: Runner) -> None:
        self._runner = runner
        self._kinds: set[PersonaKind] = set()

    def stage(self, text: str) -> None:
        """A stage is where a sweep that is being stopped may end without losing anything."""
        if self._runner.field.stopped:
            raise CancelledError

    def note(self, text: str) -> None:
        """Notes are in the run's own files."""

    def answered(self, kind: PersonaKind, n: int, total: int) -> None:
        """Count towards the sweep's answers."""
        if kind not in self._kinds:
            self._kinds.add(kind)
            self._runner.reporter.expected(total)
        self._runner.reporter.answered(n)


def run_cells(
    cells: Sequence[Cell],
    workspace: Workspace,
    ledger: Ledger,
    parent: str,
    jobs: int,
    reporter: SweepProgress,
    approve: Callable[[Estimate], None] | None = None,
) -> list[CellRecord]:
    """Run what is not done yet.

    Args:
        cells: of one workspace and one store.
        workspace: where runs are kept.
        ledger: what is done is read from it, and what gets done is entered.
        parent: see ``Runner``.
        jobs: cells at once.
        reporter: see ``Runner``.
        approve: called before the first call with what all open cells together would pay for; it raises to
            end the sweep. Nothing is estimated when absent.

    Returns:
        One record a cell, in the order of the cells.

    Raises:
        ValuePersonasError: when a record cannot be kept.
    """
    records = {cell.key: done for cell in cells if (done := ledger.done(cell))}
    still_open = [cell for cell in cells if cell.key not in records]
    reporter.cells(len(cells), len(records))
    if still_open:
        with Fieldwork(workspace, reporter.note, cells[0].recipe.store) as field:
            if approve is not None:
                approve(total(plan_what_can_be_run(still_open, field)))
            for record in _side_by_side(Runner(field, reporter, parent), still_open, jobs, ledger):
                records[record.key] = record
    return [records[cell.key] for cell in cells]


def _side_by_side(runner: Runner, cells: Sequence[Cell], jobs: int, ledger: Ledger) -> list[CellRecord]:
    """Run cells in threads; whatever ends the sweep early first stops those that go on.

    An interrupt does not wait for a cell that is scoring: nothing of it is lost, and it may take minutes.
    """
    records = []
    pool = ThreadPoolExecutor(jobs, thread_name_prefix="cell")
    try:
        futures: list[Future[CellRecord]] = [pool.submit(runner.run, cell) for cell in cells]
        for future in as_completed(futures):
            record = future.result()
            ledger.enter(record)
            runner.reporter.ended(record)
            records.append(record)
    except BaseException as ending:
        runner.field.stop()
        pool.shutdown(wait=not isinstance(ending, KeyboardInterrupt), cancel_futures=True)
        raise
    pool.shutdown()
    return records
