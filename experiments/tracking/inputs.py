"""The files that an experiment read, each with its hash; in MLflow, its datasets."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from value_personas import data
from value_personas.data import file_hash
from value_personas.experiments.recipe.calibration import LATEST, REGISTRY
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.tracking.registry import registered_file
from value_personas.experiments.workspace.folders import CALIBRATION_FILE, Workspace
from value_personas.signatures import RecipeError

if TYPE_CHECKING:
    from mlflow.entities import DatasetInput

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


def input_files(named: Iterable[tuple[str, Path]], survey: data.Survey) -> tuple[InputFile, ...]:
    """The survey's files, and whatever else a recipe names; what is named of a registry is no file."""
    surveys = (InputFile("survey.path", s.path, s.sha256, s.columns_read, s.rows) for s in survey.sources)
    others = (
        InputFile(key, str(path), file_hash(path))
        for key, path in named
        if key != "survey.path" and path.is_file()
    )
    return (*surveys, *others)


def calibration_file(recipe: Recipe) -> Path | None:
    """Where the calibration lies that a recipe names as fitted, fetched where a registry has it.

    Returns:
        None where it names none.

    Raises:
        RecipeError: when what it names is not there.
    """
    name = recipe.calibration.fitted
    if name is None:
        return None
    if name.startswith(REGISTRY):
        workspace = Workspace.open(recipe.workspace)
        return registered_file(recipe.tracking, workspace, "calibration.fitted", name, CALIBRATION_FILE)
    if name != LATEST:
        return Path(name).expanduser()
    file = recipe.newest_calibration
    if not file.is_file():
        raise RecipeError(
            f"calibration.fitted: nothing was found for {recipe.name} in {file.parent}; value-personas "
            "calibrate fits a calibration to the answers of a run"
        )
    return file


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
