"""What an audit gives back."""

import json
from dataclasses import dataclass
from pathlib import Path

import pandas as pd

from value_personas.data import card
from value_personas.experiments.audit.record import AuditRecord, AuditRow
from value_personas.experiments.fieldwork.synthetic import marked


@dataclass(frozen=True, slots=True)
class AuditResult:
    """A judged set of descriptors.

    Attributes:
        name: the recipe's.
        summary: one row a kind of statement; see ``summary_table``.
        recovery: one row a statement; see ``recovery_table``.
        spill_over: one row a kind of statement × item given × item asked; see ``spill_over_table``.
        writer: the model that wrote the descriptors.
        judge: the model that read them.
        countries: whose respondents the human side rests on.
        notes: plain sentences that a reader must know.
        synthetic: which parts were synthetic.
        folder: the tables and the figure as files.
        mlflow_run_id: the record.
    """

    name: str
    summary: pd.DataFrame
    recovery: pd.DataFrame
    spill_over: pd.DataFrame
    writer: str
    judge: str
    countries: tuple[str, ...]
    notes: tuple[str, ...]
    synthetic: tuple[str, ...]
    folder: Path
    mlflow_run_id: str = ""

    def __repr__(self) -> str:
        return f"<AuditResult {self.title}>"

    def _repr_html_(self) -> str:
        return card(self.title, self.summary, self.folder / "spill_over.png", self.notes)

    @property
    def title(self) -> str:
        """The heading, with the word synthetic where it is due."""
        return marked(
            f"audit of {self.name} · written by {self.writer}, judged by {self.judge}", self.synthetic
        )

    def record(self) -> AuditRecord:
        """What ``result.json`` holds: everything but the long tables and where they lie."""
        return AuditRecord(
            name=self.name,
            writer=self.writer,
            judge=self.judge,
            training_countries=self.countries,
            synthetic=self.synthetic,
            summary=AuditRow.all_of(self.summary),
            notes=self.notes,
        )

    def to_json(self) -> str:
        """One JSON object: the same, and where the rest lies; what is undefined is null."""
        where = {"mlflow_run_id": self.mlflow_run_id, "folder": str(self.folder)}
        return json.dumps(self.record().model_dump(mode="json") | where, allow_nan=False)
