"""Runs read back from their folders."""

import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from value_personas.experiments.evaluation.fitted import Calibration, find_calibrations
from value_personas.experiments.evaluation.measures import measure_table
from value_personas.experiments.recipe.recipe import TrackingSection
from value_personas.experiments.recipe.record import RECIPE_FILE, read_recipe
from value_personas.experiments.run.record import RESULT_FILE, Result
from value_personas.experiments.run.result import RunResult
from value_personas.experiments.run.tables import has_table, read_run_table
from value_personas.experiments.tracking import calibration_file
from value_personas.experiments.tracking.client import tracking_client, uri_of
from value_personas.experiments.tracking.recording import FOLDER_TAG
from value_personas.experiments.workspace.folders import CALIBRATION_FILE, Workspace, newest
from value_personas.experiments.workspace.json_file import read_json
from value_personas.signatures import StoreError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

_FILES = (RESULT_FILE, RECIPE_FILE, "estimates.parquet", "scores.parquet", "summary.csv")
_ID_FILE = "mlflow_run_id.txt"

_FOLDER = re.compile(r"[^/\\:.\x00-\x1f][^/\\:\x00-\x1f]{0,200}")
"""Names that lead nowhere else; a tag may hold any text."""


def read_result(folder: Path) -> Result:
    """A run's figures without its tables; args and raises as ``read_run``."""
    _require_finished(folder)
    return read_json(folder / RESULT_FILE, Result)


def read_run(folder: Path) -> RunResult:
    """What a run gave back, from its files. Nothing in them is executed.

    Args:
        folder: as ``RunResult.folder``, or a copy of it.

    Raises:
        StoreError: when a file is absent, damaged or of another version.
    """
    said = read_result(folder)
    return RunResult(
        recipe=read_recipe(folder),
        estimates=read_run_table(folder, "estimates"),
        scores=read_run_table(folder, "scores"),
        summary=read_run_table(folder, "summary"),
        measures=read_run_table(folder, "measures") if has_table(folder, "measures") else measure_table(()),
        nulls=_read_or_empty(folder, "nulls"),
        hypotheses=_read_or_empty(folder, "hypotheses"),
        floor=said.floor,
        held_out=said.held_out,
        missing=said.missing,
        usage=said.usage,
        notes=said.notes,
        synthetic=said.synthetic,
        leaks=said.leaks,
        nothing=said.nothing,
        places=said.places,
        mlflow_run_id=_run_id(folder),
        folder=folder,
    )


def calibrations_of(run: RunResult) -> tuple[Calibration, ...]:
    """What a run was calibrated by: its record's own copy, where what its recipe names may have changed.

    Raises:
        RecipeError: when there is no copy, and what the recipe names is not there.
    """
    kept = run.folder / CALIBRATION_FILE
    fitted = run.recipe.calibration.fitted is not None
    file = kept if fitted and kept.is_file() else calibration_file(run.recipe)
    return find_calibrations(run.recipe.calibration, file)


def _read_or_empty(folder: Path, name: str) -> pd.DataFrame:
    """A table that not every run has."""
    return read_run_table(folder, name) if has_table(folder, name) else pd.DataFrame()


def _require_finished(folder: Path) -> None:
    if absent := [name for name in _FILES if not (folder / name).is_file()]:
        raise StoreError(f"{folder}: no finished run, {absent[0]} is absent")


def find_run(runs: Path, wanted: str | None = None) -> Path:
    """The folder of a finished run.

    Args:
        runs: the workspace's folder of runs.
        wanted: a folder, its name, a recipe's name (its newest run), or an MLflow run id; the newest run of
            all when absent. Cells of a sweep or an ablation are the newest only where there is no other run.

    Raises:
        StoreError: when there is none.
    """
    if wanted is not None and (Path(wanted) / RESULT_FILE).is_file():
        return Path(wanted)
    folders = run_folders(runs)
    found = [folder for folder in folders if wanted is None or _is(folder, wanted)]
    if not found:
        names = ", ".join(folder.name for folder in folders[-3:])
        which = f"no run {wanted!r}" if wanted else "no finished run"
        hint = f"; the newest are {names}" if names else "; value-personas run makes one"
        raise StoreError(f"{runs}: {which}{hint}")
    return newest(found)


def run_folders(runs: Path) -> list[Path]:
    """Every finished run, oldest first."""
    finished = (path.parent for path in runs.glob(f"*/{RESULT_FILE}"))
    return sorted(finished, key=lambda folder: (folder / RESULT_FILE).stat().st_mtime_ns)


def write_run_id(folder: Path, run_id: str) -> None:
    """Note in a run's folder under which id MLflow keeps it."""
    (folder / _ID_FILE).write_text(run_id + "\n", encoding="utf-8")


def _run_id(folder: Path) -> str:
    path = folder / _ID_FILE
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def _is(folder: Path, wanted: str) -> bool:
    return wanted in (folder.name, folder.name.rpartition("-")[0], _run_id(folder))


@contextmanager
def recorded_run(
    workspace: Workspace, wanted: str | None = None, tracking_uri: str | None = None
) -> Iterator[Path]:
    """The folder of a finished run; where it is gone, a copy out of MLflow that lasts as long as the context.

    Args:
        workspace: where it was run.
        wanted: as for ``find_run``.
        tracking_uri: the MLflow store to look in; the workspace's own when absent.

    Raises:
        StoreError: when neither has it.
    """
    try:
        folder = find_run(workspace.folder / "runs", wanted)
    except StoreError as error:
        section = TrackingSection(uri=tracking_uri)
        own = uri_of(section, workspace) == workspace.tracking_uri
        if wanted is None or (own and not (workspace.folder / "mlflow.db").is_file()):
            raise
        not_here = error
    else:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="value-personas-") as place:
        copy = _fetched(section, workspace, wanted, Path(place))
        if copy is None:
            raise StoreError(f"{not_here}; neither does MLflow keep it")
        yield copy


def _fetched(section: TrackingSection, workspace: Workspace, wanted: str, place: Path) -> Path | None:
    """Download a run's artifacts; None where there is no such run."""
    from mlflow.artifacts import download_artifacts

    uri = uri_of(section, workspace)
    with tracking_client(section, workspace) as client:
        run = _find(client, wanted)
        if run is None:
            return None
        named = str(run.data.tags.get(FOLDER_TAG, ""))
        folder = place / (named if _FOLDER.fullmatch(named) else run.info.run_id)
        folder.mkdir()
        download_artifacts(run_id=run.info.run_id, dst_path=str(folder), tracking_uri=uri)
        if not (folder / RESULT_FILE).is_file():
            raise StoreError(f"MLflow run {run.info.run_id} is no run of a recipe, or did not finish")
    write_run_id(folder, run.info.run_id)
    return folder


def _find(client: "MlflowClient", wanted: str) -> "Run | None":
    """By id, by the folder's name, or the newest of an experiment."""
    from mlflow.exceptions import MlflowException

    try:
        return client.get_run(wanted)
    except MlflowException:
        pass  # no id; perhaps a name
    if "'" in wanted:
        return None  # it would end the text in MLflow's language of filters, which has no escape
    every = [experiment.experiment_id for experiment in client.search_experiments()]
    for condition in (f"tags.`{FOLDER_TAG}` = '{wanted}'", f"params.name = '{wanted}'"):
        of_recipes = f"{condition} and tags.kind = 'run' and attributes.status = 'FINISHED'"
        if newest := client.search_runs(every, of_recipes, max_results=1):
            return newest[0]
    return None
