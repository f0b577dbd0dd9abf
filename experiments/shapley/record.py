"""What Shapley values leave behind: ``result.json`` and the table of values, as the report reads them."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import Field, model_validator

from value_personas.experiments.shapley.tables import COLUMNS
from value_personas.experiments.workspace.json_file import Figure, FileModel, Rows, read_json
from value_personas.experiments.workspace.tables import check_rows, read_table, with_numbers
from value_personas.signatures import StoreError

RESULT_FILE = "result.json"

_VALUES = "shapley"


class ShapleyRecord(FileModel):
    """``result.json``: what Shapley values come to over all countries; attributes as of ``ShapleyResult``.

    Attributes:
        negative_value: what the sign means.
        all_countries: table → its rows for all countries together, the most helpful player first.
        noise_floor: null where none is kept for the score.
        coalitions: how many were asked.
        nulls: the same error of what knows nothing, on the same cells; empty in files of before.
        mlflow_run_id: the record; empty until there is one, and in files of before.
    """

    name: str
    score: str
    method: str
    negative_value: str = "the item lowers the error"
    synthetic: tuple[str, ...]
    leaks: tuple[str, ...]
    all_countries: dict[str, Rows]
    checks: Rows
    noise_floor: Figure
    coalitions: int
    nulls: dict[str, Figure] = Field(default_factory=dict, exclude_if=lambda nulls: not nulls)
    calls_at_most: int
    usage: dict[str, int | float]
    seconds: float
    notes: tuple[str, ...]
    mlflow_run_id: str = Field(default="", exclude_if=lambda run: not run)

    @model_validator(mode="before")
    @classmethod
    def _of_0_1_0(cls, said: Any) -> Any:
        """Version 0.1.0 wrote here too where the file lay."""
        if not isinstance(said, dict):
            return said
        return {name: value for name, value in said.items() if name != "folder"}


@dataclass(frozen=True, slots=True)
class Shapley:
    """Shapley values read back.

    Attributes:
        record: what they come to, and what a reader must know.
        values: as ``ShapleyResult.values``.
    """

    record: ShapleyRecord
    values: pd.DataFrame


def read_shapley(folder: Path) -> Shapley:
    """Read a folder of Shapley values.

    Raises:
        StoreError: when a file is absent, damaged or of another version.
    """
    path = folder / f"{_VALUES}.parquet"
    if not path.is_file():
        raise StoreError(f"{folder}: no {path.name} there; value-personas shapley writes one")
    values = check_rows(path, read_table(folder / _VALUES), ("player", "country", "score"), COLUMNS)[COLUMNS]
    values = with_numbers(path, values, ("value", "lower", "upper"))
    return Shapley(read_json(folder / RESULT_FILE, ShapleyRecord), values)
