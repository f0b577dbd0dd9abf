"""What an audit leaves behind: ``result.json`` and the long table, as the report reads them."""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from value_personas.experiments.workspace.json_file import Figure, FileModel, in_one_line, read_json
from value_personas.experiments.workspace.tables import check_rows, read_table, with_numbers
from value_personas.signatures import Array, StoreError

RESULT_FILE = "result.json"

_LONG = "spill_over"
_KEYS, _VALUES = ("statement", "given", "item"), ("human", "judged")


class AuditRow(FileModel):
    """What comes of one kind of statement; attributes as the columns of ``summary_table``."""

    statement: str
    recovery_error: Figure
    right: Figure
    monotone: Figure
    wording_spread: Figure
    spill_over: Figure
    human_movement: Figure
    excess_spill_over: Figure
    missing: int

    @classmethod
    def all_of(cls, summary: pd.DataFrame) -> tuple["AuditRow", ...]:
        """The rows of ``AuditResult.summary``."""
        return tuple(cls.model_validate(row) for row in summary.to_dict("records"))


class AuditRecord(FileModel):
    """``result.json``: who wrote, who judged and what came of it; attributes as of ``AuditResult``."""

    name: str
    writer: str = ""
    judge: str = ""
    training_countries: tuple[str, ...] = ()
    synthetic: tuple[str, ...] = ()
    summary: tuple[AuditRow, ...]
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Audit:
    """An audit read back.

    Attributes:
        record: what it comes to; of one by version 0.1.0, which had no such file, the summary alone.
        spill_over: as ``AuditResult.spill_over``.
        folder: where it lies.
    """

    record: AuditRecord
    spill_over: pd.DataFrame
    folder: Path

    @property
    def items(self) -> tuple[str, ...]:
        """I codes."""
        return tuple(self.spill_over["given"].unique())

    def matrices(self) -> dict[str, Array]:
        """``human`` and kinds of statements → shape (I, I), as shares of the scale.

        The answer to the row's item is known, the column's is asked.
        """
        by_kind = dict(tuple(self.spill_over.groupby("statement", sort=False)))
        people = self._square(next(iter(by_kind.values())), "human")
        return {"human": people} | {str(k): self._square(rows, "judged") for k, rows in by_kind.items()}

    def _square(self, rows: pd.DataFrame, column: str) -> Array:
        table = rows.pivot(index="given", columns="item", values=column)
        return table.reindex(index=list(self.items), columns=list(self.items)).to_numpy(float)


def read_audit(folder: Path) -> Audit:
    """Read an audit's folder.

    Raises:
        StoreError: when a file is absent, damaged or of another version.
    """
    path = folder / _LONG
    long = with_numbers(path, check_rows(path, read_table(path), _KEYS, _VALUES), _VALUES)
    if long.empty:
        raise StoreError(f"{path}: damaged: holds no row")
    return Audit(_record(folder), long.astype(dict.fromkeys(_KEYS, "str")), folder)


def _record(folder: Path) -> AuditRecord:
    if (folder / RESULT_FILE).is_file():
        return read_json(folder / RESULT_FILE, AuditRecord)
    name = folder.name.removeprefix("audit-").rpartition("-")[0]
    summary = folder / "summary"
    with in_one_line(summary):
        return AuditRecord(name=name, summary=AuditRow.all_of(read_table(summary)))
