"""Which cells are done: one small file each, so that a sweep that was killed goes on where it stood."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from value_personas.experiments.run.stored import read_run
from value_personas.experiments.sweep.cells import Cell
from value_personas.experiments.workspace.folders import replace_text
from value_personas.signatures import StoreError

__all__ = ["CellRecord", "Ledger"]


@dataclass(frozen=True, slots=True)
class CellRecord:
    """What became of a cell.

    Attributes:
        key: the cell's.
        label: its settings in words.
        settings: dotted key → value.
        run: the folder of its run, by name; None when it failed.
        mlflow_run_id: of its run; None when it failed.
        reason: why it failed; None when it did not.
        seconds: how long it took.
    """

    key: str
    label: str
    settings: Mapping[str, Any]
    run: str | None
    mlflow_run_id: str | None
    reason: str | None
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether it has no result."""
        return self.reason is not None


class _Done(BaseModel):
    """What only the file of a cell with a result knows; ``run`` is a folder's name, never a way to one."""

    model_config = ConfigDict(frozen=True, strict=True)

    run: str = Field(pattern=r"^[^./\\][^/\\]*$")
    mlflow_run_id: str
    reason: None
    seconds: float


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
            kept = _Done.model_validate_json((self._cells / f"{cell.key}.json").read_bytes())
            read_run(self._runs / kept.run)
        except (OSError, ValidationError, StoreError):
            return None
        return CellRecord(
            cell.key, cell.label, cell.settings, kept.run, kept.mlflow_run_id, kept.reason, kept.seconds
        )

    def enter(self, record: CellRecord) -> None:
        """Keep a record, whole or not at all."""
        path = self._cells / f"{record.key}.json"
        replace_text(path, json.dumps(asdict(record), default=str, indent=1) + "\n")
