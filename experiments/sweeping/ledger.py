"""Which cells are done: one small file each, so that a sweep that was killed goes on where it stood."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from signatures import StoreError

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
    settings: dict[str, Any]
    run: str | None
    mlflow_run_id: str | None
    reason: str | None
    seconds: float

    @property
    def failed(self) -> bool:
        """Whether it has no result."""
        return self.reason is not None


class Ledger:
    """The records of a sweep's cells.

    Args:
        folder: the sweep's; made if need be.
        runs: the workspace's folder of runs: a cell whose run was removed is not done.

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

    def done(self, key: str) -> CellRecord | None:
        """The record of a cell that has a result; None where it failed, was never run, or cannot be read."""
        try:
            record = CellRecord(**json.loads((self._cells / f"{key}.json").read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        whole = record.run is not None and (self._runs / record.run / "result.json").is_file()
        return record if whole and not record.failed else None

    def enter(self, record: CellRecord) -> None:
        """Keep a record, whole or not at all."""
        path = self._cells / f"{record.key}.json"
        partial = path.with_suffix(".partial")
        try:
            partial.write_text(json.dumps(asdict(record), default=str, indent=1) + "\n", encoding="utf-8")
            partial.replace(path)
        except OSError as error:
            raise StoreError(f"{path}: {error.strerror}") from None
