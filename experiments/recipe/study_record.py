"""What a study of several runs leaves for its page, beside its tables."""

from pathlib import Path
from typing import Literal

from pydantic import Field

from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.recipe.record import write_recipe
from value_personas.experiments.workspace.json_file import FileModel, Rows, read_json, write_json

STUDY_FILE = "study.json"


class StudyRecord(FileModel):
    """``study.json``: what a sweep, an ablation, a search or a calibration came to, in words.

    Attributes:
        kind: which study.
        name: of its recipe.
        title: the heading, which bears the word synthetic where due.
        base: what is subtracted from what was varied; empty where nothing is.
        level: of its intervals.
        synthetic: which parts were.
        findings: sentences that stand first.
        nulls: method, score and mean of what knows nothing, on the same cells; of a sweep its table has them.
        no_better: what is not shown to be better than every option alike.
        claims: of a sweep, its recipe's claims with their verdicts: a row for each setting and claim.
        methods: how it was done, as a paper says it.
        notes: what a reader must know.
        failed: what has no result, with its reason.
        mlflow_run_id: the record.
    """

    kind: Literal["sweep", "ablation", "search", "calibration"]
    name: str
    title: str
    base: str = ""
    level: float
    synthetic: tuple[str, ...]
    findings: tuple[str, ...] = ()
    nulls: Rows = Field(default=(), exclude_if=lambda rows: not rows)
    no_better: tuple[str, ...] = Field(default=(), exclude_if=lambda names: not names)
    claims: Rows = Field(default=(), exclude_if=lambda rows: not rows)
    methods: str
    notes: tuple[str, ...] = ()
    failed: dict[str, str] = Field(default_factory=dict)
    mlflow_run_id: str


def write_study(record: StudyRecord, recipe: Recipe, folder: Path) -> None:
    """Write the record and the recipe into the study's folder."""
    write_json(folder / STUDY_FILE, record)
    write_recipe(recipe, folder)


def read_study(folder: Path) -> StudyRecord:
    """Read it back.

    Raises:
        StoreError: when it is absent, damaged or of another version.
    """
    return read_json(folder / STUDY_FILE, StudyRecord)
