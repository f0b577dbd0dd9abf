"""Which cells are done: one small file each, so that a sweep that was killed goes on where it stood."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from value_personas.experiments.run.stored import read_run
from value_personas.experiments.sweep.cells import Cell
from value_personas.experiments.workspace.json_file import FileModel, read_json, write_json
from value_personas.signatures import StoreError


class CellRecord(FileModel):
    """What became of a cell, in a file of its own.

    Attributes:
        key: the cell's.
        label: its settings in words.
        settings: dotted key → value.
        run: the folder of its run, by name and never by a way to one; None when it failed.
        mlflow_run_id: of its run; None when it failed.
        reason: why it failed; None when it did not.
        seconds: how long it took.
    """

    key: str
    label: str
    settings: Mapping[str, Any]
    run: Annotated[str, Field(pattern=r"^[^./\\][^/\\]*$")] | None = None
    mlflow_run_id: str | None = None
    reason: str | None = None
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether it has no result."""
        return self.reason is not None


class Ledger:
    """The records of a sweep's cells.

    Args:
        folder: the sweep's; made if need be.
        runs: the workspace's folder of runs: a cell whose run was removed or is damaged is not done.

    Raises:
        StoreError: when the folder cannot be written.
    """

    def __init__(self, folder: Path, runs: Path) -> None:
        self._cells = folder / "cells"
        self._runs = runs
        try:
            self._cells.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self._cells}: {error.strerror}") from None

    def done(self, cell: Cell) -> CellRecord | None:
        """The record of a cell that has a result; None where it failed, was never run, or cannot be read."""
        try:
            kept = read_json(self._file(cell.key), CellRecord)
            if kept.failed or kept.run is None:
                return None
            read_run(self._runs / kept.run)
        except StoreError:
            return None
        return kept.model_copy(update={"key": cell.key, "label": cell.label, "settings": cell.settings})

    def enter(self, record: CellRecord) -> None:
        """Keep a record, whole or not at all."""
        write_json(self._file(record.key), record)

    def _file(self, key: str) -> Path:
        return self._cells / f"{key}.json"
