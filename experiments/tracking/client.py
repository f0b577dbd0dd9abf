"""MLflow's client, opened quietly, whose errors are one line."""

import logging
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from value_personas.data import first_line
from value_personas.experiments.recipe.recipe import TrackingSection
from value_personas.experiments.workspace.folders import Workspace
from value_personas.experiments.workspace.passwords import without_passwords
from value_personas.signatures import StoreError

if TYPE_CHECKING:
    from mlflow import MlflowClient
import contextlib
from pathlib import Path

from sqlalchemy.engine import make_url

__all__ = ["alone_at", "quiet_mlflow", "store_errors", "tracking_client", "uri_of"]

_PATIENCE = {
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
"""A server that is down is given up after seconds; MLflow's own patience is four minutes a request."""


def uri_of(section: TrackingSection, workspace: Workspace) -> str:
    """Where experiments are recorded, and the model registry is."""
    return section.uri or workspace.tracking_uri


@contextmanager
def tracking_client(uri: str, advice: str = "") -> Iterator["MlflowClient"]:
    """A client of a tracking store and of the model registry in it.

    Args:
        uri: SQLite, PostgreSQL or a server; never a folder, which MLflow gave up.
        advice: what an error's line ends with.

    Raises:
        StoreError: when the store cannot be reached, read or written.
    """
    # Imported here: a second of start-up that only a finished run needs.
    from mlflow import MlflowClient

    with quiet_mlflow(), store_errors(uri, advice):
        with alone_at(uri):
            client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        yield client


@contextmanager
def store_errors(uri: str, advice: str = "") -> Iterator[None]:
    """Turn what MLflow raises into one clear line."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, OSError) as error:
        said = first_line(error)
        end = f"; {advice}" if advice else ""
        raise StoreError(f"MLflow store {without_passwords(uri)}: {without_passwords(said)}{end}") from None


@contextmanager
def quiet_mlflow() -> Iterator[None]:
    """Keep MLflow's and Alembic's housekeeping off the user's terminal."""
    os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
    os.environ.setdefault("MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR", "false")
    for name, value in _PATIENCE.items():
        os.environ.setdefault(name, value)
    loggers = [logging.getLogger(name) for name in ("alembic", "mlflow")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


if sys.platform != "win32":  # there, two processes that begin a workspace at once may fail
    import fcntl


@contextlib.contextmanager
def alone_at(uri: str) -> Iterator[None]:
    """Within this, no other process of this package opens the same SQLite store for the first time.

    MLflow makes its tables in several steps, and takes those of another process for its own.

    Raises:
        OSError: when the lock beside the database cannot be written.
    """
    file = make_url(uri).database if uri.startswith("sqlite:") else None
    if sys.platform == "win32" or not file or Path(file).is_dir():
        yield
        return
    with Path(f"{file}.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield
