"""Files for a run that is there already.

Into the workspace's own store they are copied without MLflow, which takes a second to import and does no
more.
"""

import shutil
import sqlite3
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path

from value_personas.data import first_line
from value_personas.experiments.recipe.recipe import TrackingSection
from value_personas.experiments.tracking.client import alone_at, make_ready, tracking_client, uri_of
from value_personas.experiments.tracking.places import lies_in, path_of
from value_personas.experiments.workspace.folders import Workspace
from value_personas.experiments.workspace.passwords import without_passwords
from value_personas.signatures import StoreError


def add_files(section: TrackingSection, workspace: Workspace, run_id: str, files: Mapping[Path, str]) -> bool:
    """Add files to a finished run.

    Args:
        section: says where it is recorded.
        workspace: holds the default store.
        run_id: which run.
        files: each with the folder among the run's artifacts that it goes to; "" for none.

    Returns:
        Whether the store has the run; where it has not, nothing is written.

    Raises:
        StoreError: when the store cannot be read or written.
    """
    if uri_of(section, workspace) != workspace.tracking_uri:
        return _through_mlflow(section, workspace, run_id, files)
    store = workspace.folder / "mlflow.db"
    if not store.is_file():
        return False
    try:
        place = _place_of_run(store, workspace, run_id)
        if place is None:
            return False
        require_inside(run_id, place, section, workspace)
        kept = path_of(place)
        assert kept is not None  # else it were not inside
        for file, folder in files.items():
            (kept / folder).mkdir(parents=True, exist_ok=True)
            shutil.copy2(file, kept / folder)
    except (OSError, sqlite3.Error) as error:
        told = without_passwords(f"{workspace.tracking_uri}: {first_line(error)}")
        raise StoreError(f"MLflow store {told}") from None
    return True


def _place_of_run(store: Path, workspace: Workspace, run_id: str) -> str | None:
    """Where the workspace's store says that a run keeps its files; None where it has no such run."""
    with alone_at(workspace.tracking_uri):
        make_ready(workspace.tracking_uri, workspace)
    with closing(sqlite3.connect(store)) as opened:
        told = opened.execute("select artifact_uri from runs where run_uuid = ?", (run_id,)).fetchone()
    return None if told is None else str(told[0])


def _through_mlflow(
    section: TrackingSection, workspace: Workspace, run_id: str, files: Mapping[Path, str]
) -> bool:
    from mlflow.exceptions import MlflowException

    with tracking_client(section, workspace) as client:
        try:
            client.get_run(run_id)
        except MlflowException as error:
            if error.error_code == "RESOURCE_DOES_NOT_EXIST":
                return False
            raise
        for file, folder in files.items():
            client.log_artifact(run_id, str(file), folder or None)
    return True


def require_inside(run_id: str, place: str, section: TrackingSection, workspace: Workspace) -> None:
    """What a store says of a run leads nowhere outside its workspace.

    Args:
        run_id: which run.
        place: where it keeps its files.
        section: says where it is recorded.
        workspace: holds the default store.

    Raises:
        StoreError: when it does.
    """
    own = uri_of(section, workspace) == workspace.tracking_uri
    if own and not lies_in(place, workspace.artifacts):
        raise StoreError(f"MLflow run {run_id}: keeps its files at {place}, which is outside the workspace")
