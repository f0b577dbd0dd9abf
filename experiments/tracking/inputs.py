"""The files that an experiment read, each with its hash; in MLflow, its datasets."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from value_personas import data
from value_personas.data import file_hash
from value_personas.experiments.recipe.calibration import LATEST, REGISTRY
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.workspace.folders import CALIBRATION_FILE, Workspace

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

__all__ = ["InputFile", "dataset_inputs", "fitted_file", "input_files"]

_DIGEST = 36
"""Characters of a digest that MLflow keeps; the whole hash stands in the dataset's source."""


@dataclass(frozen=True, slots=True)
class InputFile:
    """A file that was read.

    Attributes:
        key: the recipe's key that names it.
        path: as it was given.
        sha256: of its bytes.
        columns: of a survey, those that were decoded.
        rows: of a survey, the records in the file.
    """

    key: str
    path: str
    sha256: str
    columns: tuple[str, ...] = ()
    rows: int | None = None


def input_files(recipe: Recipe, survey: data.Survey) -> tuple[InputFile, ...]:
    """The survey's files, and whatever else the recipe names; what is named of a registry is no file."""
    surveys = (InputFile("survey.path", s.path, s.sha256, s.columns_read, s.rows) for s in survey.sources)
    others = (InputFile(key, str(path), file_hash(path)) for key, path in _others(recipe) if path.is_file())
    return (*surveys, *others)


def _others(recipe: Recipe) -> Iterator[tuple[str, Path]]:
    traits = recipe.personality.path
    for path in (traits,) if isinstance(traits, str) else traits or ():
        yield "personality.path", Path(path)
    files = {
        "descriptors.overrides": recipe.descriptors.overrides,
        "descriptors.frozen": recipe.descriptors.frozen,
        "scoring.gap_index": recipe.scoring.gap_index,
        "calibration.fitted": fitted_file(recipe),
        "program": Path(recipe.program).expanduser() if recipe.program else None,
    }
    yield from ((key, path) for key, path in files.items() if path is not None)


def fitted_file(recipe: Recipe) -> Path | None:
    """Where the recipe's fitted calibration lies; None where it names none, or one of a registry."""
    fitted = recipe.calibration.fitted
    if fitted is None or fitted.startswith(REGISTRY):
        return None
    if fitted == LATEST:
        return Workspace(recipe.workspace.expanduser().resolve()).calibration(recipe.name) / CALIBRATION_FILE
    return Path(fitted).expanduser()


def dataset_inputs(files: Iterable[InputFile]) -> list["DatasetInput"]:
    """The same as MLflow's datasets: hash, place, columns and size; never a respondent's answer."""
    from mlflow.entities import Dataset, DatasetInput, InputTag

    return [
        DatasetInput(
            Dataset(
                name=Path(file.path).name,
                digest=file.sha256[:_DIGEST],
                source_type="local",
                source=json.dumps({"uri": file.path, "sha256": file.sha256}),
                schema=_schema(file),
                profile=None if file.rows is None else json.dumps({"num_rows": file.rows}),
            ),
            tags=[InputTag("mlflow.data.context", file.key)],
        )
        for file in files
    ]


def _schema(file: InputFile) -> str | None:
    if not file.columns:
        return None
    columns = [{"name": name, "type": "double", "required": False} for name in file.columns]
    return json.dumps({"mlflow_colspec": columns})
