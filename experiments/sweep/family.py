"""Runs that belong together: their folder, their parent in MLflow, and what became of each."""

import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from value_personas.experiments.evaluation.hypotheses import stated_lines
from value_personas.experiments.fieldwork.rehearsal import Estimate
from value_personas.experiments.progress.shown import Progress, shown
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.record import recipe_hash
from value_personas.experiments.run.record import Result
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.run.stored import read_result, read_run
from value_personas.experiments.sweep.cells import Cell
from value_personas.experiments.sweep.records import CellRecord, Ledger
from value_personas.experiments.sweep.reporter import SweepProgress
from value_personas.experiments.sweep.running import run_cells
from value_personas.experiments.tracking import (
    Record,
    close_run,
    live,
    open_run,
    reopen_run,
    run_title,
)
from value_personas.experiments.workspace.folders import Workspace
from value_personas.experiments.workspace.json_file import FileModel, read_json, write_json
from value_personas.signatures import StoreError


@dataclass(frozen=True, slots=True)
class Options:
    """How cells are run.

    Attributes:
        jobs: at once.
        approve: as in ``run_cells``.
    """

    jobs: int = 1
    approve: Callable[[Estimate], None] | None = None


@dataclass(frozen=True, slots=True)
class Family:
    """Cells that were run together.

    Attributes:
        recipe: what they vary.
        kind: ``sweep`` or ``ablation``.
        workspace: where everything is kept.
        folder: the family's own tables and figures.
        records: what became of each cell, in their order.
        mlflow_run_id: the parent run.
    """

    recipe: Recipe
    kind: str
    workspace: Workspace
    folder: Path
    records: tuple[CellRecord, ...]
    mlflow_run_id: str

    @property
    def failed(self) -> tuple[CellRecord, ...]:
        """The cells without a result."""
        return tuple(record for record in self.records if record.failed)

    def result(self, record: CellRecord) -> RunResult | None:
        """What a cell's run gave back; None where it failed."""
        return read_run(self._folder(record.run)) if record.run else None

    def figures(self, record: CellRecord) -> Result | None:
        """The same without its tables."""
        return read_result(self._folder(record.run)) if record.run else None

    def _folder(self, run: str) -> Path:
        return self.workspace.folder / "runs" / run

    def close(self, metrics: Mapping[str, float], tags: Mapping[str, str]) -> None:
        """Record what the family came to; every file in its folder becomes an artifact."""
        record = Record(self.recipe, "", metrics, {"kind": self.kind, **tags}, self.folder)
        close_run(self.workspace, record, self.mlflow_run_id)


class _Parent(FileModel):
    """``parent.json``: the MLflow run of cells, by the digest of what they are."""

    key: str
    mlflow_run_id: str


def run_family(
    recipe: Recipe, cells: Sequence[Cell], kind: str, options: Options, progress: Progress = True
) -> Family:
    """Run the cells that are not done yet, as parts of one MLflow run.

    Args:
        recipe: what the cells vary.
        cells: all of them.
        kind: ``sweep`` or ``ablation``.
        options: how they are run.
        progress: as of ``run``.

    Raises:
        ValuePersonasError: when nothing could be kept, or the run was not approved.
    """
    workspace = Workspace.open(recipe.workspace)
    folder = workspace.folder / f"{kind}s" / recipe.name
    ledger = Ledger(folder, workspace.folder / "runs")
    parent = _parent(recipe, cells, kind, workspace, folder)
    with shown(progress) as bars, live(recipe, workspace, bars, kind, begun=parent) as watched:
        watching = SweepProgress(watched)
        for line in stated_lines(recipe.hypotheses, recipe_hash(recipe)):
            watching.note(line)
        records = run_cells(cells, workspace, ledger, parent, options.jobs, watching, options.approve)
        watched.stop()
    return Family(recipe, kind, workspace, folder, tuple(records), parent)


def _parent(recipe: Recipe, cells: Sequence[Cell], kind: str, workspace: Workspace, folder: Path) -> str:
    """The MLflow run of these very cells: the one that an earlier session began, or a new one."""
    note = folder / "parent.json"
    content = json.dumps([recipe.flat(), [cell.key for cell in cells]], sort_keys=True, default=str)
    key = hashlib.sha256(content.encode()).hexdigest()
    with suppress(StoreError):  # no earlier session, or a note that cannot be read: begin anew
        noted = read_json(note, _Parent)
        if noted.key == key and reopen_run(recipe.tracking, workspace, noted.mlflow_run_id):
            return noted.mlflow_run_id
    title = run_title(recipe.name, kind, f"{len(cells)} cells")
    run_id = open_run(workspace, Record(recipe, title, {}, {"kind": kind}, folder))
    write_json(note, _Parent(key=key, mlflow_run_id=run_id))
    return run_id
