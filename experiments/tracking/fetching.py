"""Recorded runs found again, in the workspace's folder of runs or else among MLflow's artifacts."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.stored_runs import find_run, write_run_id
from experiments.tracking.client import tracking_client
from experiments.tracking.recording import FOLDER_TAG
from experiments.workspace import Workspace
from signatures import StoreError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from mlflow.entities import Run

__all__ = ["recorded_run"]


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
        if wanted is None or not (tracking_uri or (workspace.folder / "mlflow.db").is_file()):
            raise
        not_here = error
    else:
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="value-personas-") as place:
        copy = _fetched(tracking_uri or workspace.tracking_uri, wanted, Path(place))
        if copy is None:
            raise StoreError(f"{not_here}; neither does MLflow keep it")
        yield copy


def _fetched(uri: str, wanted: str, place: Path) -> Path | None:
    """Download a run's artifacts; None where there is no such run."""
    from mlflow.artifacts import download_artifacts

    with tracking_client(uri) as client:
        run = _find(client, wanted)
        if run is None:
            return None
        folder = place / str(run.data.tags.get(FOLDER_TAG, run.info.run_id))
        folder.mkdir()
        download_artifacts(run_id=run.info.run_id, dst_path=str(folder), tracking_uri=uri)
        if not (folder / "result.json").is_file():
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
