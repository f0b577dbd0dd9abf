"""MLflow's client, opened quietly, whose errors are one line."""

import atexit
import contextlib
import functools
import logging
import os
import sqlite3
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from value_personas.data import first_line
from value_personas.experiments.recipe.recipe import TrackingSection
from value_personas.experiments.tracking.places import settle_artifacts
from value_personas.experiments.tracking.tables import make_tables
from value_personas.experiments.workspace.databases import alone_in_postgresql, by_psycopg
from value_personas.experiments.workspace.folders import Workspace
from value_personas.experiments.workspace.passwords import without_passwords
from value_personas.signatures import StoreError

if TYPE_CHECKING:
    from mlflow import MlflowClient
    from sqlalchemy import Engine

_TOLD_AFTER, _GIVEN_UP_AFTER = 5.0, 60.0
"""Seconds that a store may be held by another process before it is said, and before it is given up."""

_ATTEMPTS = 8
"""Times that a row is written anew which another process made at the same moment."""

_ENVIRONMENT = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "MLFLOW_DISABLE_AGENT_HINT": "1",
    "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "3",
    "MLFLOW_HTTP_REQUEST_BACKOFF_FACTOR": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "30",
}
"""What MLflow is told where the user does not tell it otherwise: nobody is told of what is done here, and a
server that is down is given up after seconds (MLflow's own patience is four minutes a request)."""


def uri_of(section: TrackingSection, workspace: Workspace) -> str:
    """Where experiments are recorded, and the model registry is.

    The recipe says it, or else ``MLFLOW_TRACKING_URI``, which is then told; or else it is the workspace.
    """
    if section.uri:
        return by_psycopg(section.uri)
    if told := os.environ.get("MLFLOW_TRACKING_URI"):
        _say_once(f"recorded in {without_passwords(told)}, as MLFLOW_TRACKING_URI says")
        return by_psycopg(told)
    return workspace.tracking_uri


def experiment_of(section: TrackingSection, recipe: str) -> str:
    """The name of the experiment of a recipe's family: said as the URI is, or else the recipe's name."""
    if section.experiment:
        return section.experiment
    if told := os.environ.get("MLFLOW_EXPERIMENT_NAME"):
        _say_once(f"recorded in the experiment {told}, as MLFLOW_EXPERIMENT_NAME says")
        return told
    return recipe


@functools.cache
def _say_once(text: str) -> None:
    say(text)


def say(text: str) -> None:
    """Tell the user one line."""
    logging.getLogger("value_personas.tracking").warning("%s", text)


@contextmanager
def tracking_client(
    section: TrackingSection, workspace: Workspace, advice: str = ""
) -> Iterator["MlflowClient"]:
    """A client of a tracking store and of the model registry in it.

    Args:
        section: says which: SQLite, PostgreSQL or a server; never a folder, which MLflow gave up.
        workspace: its own store is the default. There, files lie in the workspace as it lies now, wherever
            it was when they were recorded.
        advice: what an error's line ends with.

    Raises:
        StoreError: when the store cannot be reached, read or written, or another process holds it for a
            minute.
    """
    _settle_environment()
    # Imported here: a second of start-up that only a finished run needs.
    from mlflow import MlflowClient

    uri = uri_of(section, workspace)
    with quiet_mlflow(), store_errors(uri, advice):
        with alone_at(uri):
            make_ready(uri, workspace)
            client = MlflowClient(tracking_uri=uri, registry_uri=uri)
        try:
            yield client
        finally:
            _close_at_the_end(client)


def _close_at_the_end(client: "MlflowClient") -> None:
    """MLflow leaves its connections to Python's last look for garbage, which a command spares itself.

    A SQLite file is whole by itself only once the last of them is closed.
    """
    for part in ("_tracking_client", "_registry_client_lazy"):  # there is no public way to its stores
        engine = getattr(getattr(getattr(client, part, None), "store", None), "engine", None)
        if engine is not None:  # a server's has none
            _dispose_at_the_end(engine)


@functools.cache  # an address has one engine
def _dispose_at_the_end(engine: "Engine") -> None:
    atexit.register(engine.dispose)


@contextmanager
def store_errors(uri: str, advice: str = "") -> Iterator[None]:
    """Turn what MLflow raises into one clear line."""
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    try:
        yield
    except (MlflowException, SQLAlchemyError, sqlite3.Error, OSError) as error:
        said = first_line(error)
        end = f"; {advice}" if advice else ""
        raise StoreError(f"MLflow store {without_passwords(uri)}: {without_passwords(said)}{end}") from None
    except ImportError as error:
        raise StoreError(
            f"MLflow store {without_passwords(uri)}: needs {error.name}; for PostgreSQL pip install "
            "'value-personas[postgres]'"
        ) from None


@contextmanager
def quiet_mlflow() -> Iterator[None]:
    """Keep MLflow's and Alembic's housekeeping off the user's terminal."""
    _settle_environment()
    loggers = [logging.getLogger(name) for name in ("alembic", "mlflow")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)


def _settle_environment() -> None:
    """Before MLflow is imported, which is when it begins to report on its use."""
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)


def again_if_taken(write: Callable[[], None]) -> None:
    """Write what another process may be writing at the same moment: MLflow looks first and then inserts.

    Raises:
        MlflowException: when it fails for another reason, or again and again.
    """
    from mlflow.exceptions import MlflowException

    for attempt in range(1, _ATTEMPTS + 1):
        try:
            return write()
        except MlflowException as error:
            said = str(error).lower()
            if attempt == _ATTEMPTS or not ("unique" in said or "duplicate" in said):
                raise
        time.sleep(0.05 * attempt)
    return None


def _file_of(uri: str) -> Path | None:
    """The file of a SQLite store, as SQLAlchemy reads an address."""
    driver, _, place = uri.partition(":///")
    file = place.partition("?")[0] if driver.partition("+")[0] == "sqlite" else ""
    return Path(file) if file and not Path(file).is_dir() else None


def require_sound(section: TrackingSection, workspace: Workspace) -> None:
    """A SQLite store that is there is a database: to be said before anything is paid for.

    Raises:
        StoreError: when it is not.
    """
    uri = uri_of(section, workspace)
    file = _file_of(uri)
    if file is None or not file.is_file():
        return
    try:
        with contextlib.closing(sqlite3.connect(file, timeout=0.2)) as store:
            store.execute("select count(*) from sqlite_master").fetchone()
    except sqlite3.OperationalError:
        return  # held by another process: that is waited for when there is something to write
    except sqlite3.DatabaseError as error:
        raise StoreError(
            f"MLflow store {without_passwords(uri)}: {error}; restore a copy of it, or move it away"
        ) from None


def make_ready(uri: str, workspace: Workspace) -> None:
    """Wait until a SQLite store can be written; in the workspace's own, readers go on while one writes.

    Raises:
        OSError: when another process holds it for a minute, or it is no database.
    """
    file = _file_of(uri)
    if file is None or not file.parent.is_dir():
        return

    if uri == workspace.tracking_uri and not file.exists():
        make_tables(file)

    def free() -> bool:
        try:
            with contextlib.closing(sqlite3.connect(file, timeout=0.2, isolation_level=None)) as store:
                if uri == workspace.tracking_uri:
                    store.execute("PRAGMA journal_mode=WAL")
                store.execute("BEGIN IMMEDIATE")
                if uri == workspace.tracking_uri:
                    settle_artifacts(store, workspace.artifacts)
                store.execute("COMMIT")
        except sqlite3.OperationalError as error:
            if "locked" in str(error) or "busy" in str(error):
                return False
            raise OSError(str(error)) from None
        except sqlite3.DatabaseError as error:
            raise OSError(str(error)) from None
        return True

    _wait_until(free, uri)


def _wait_until(free: Callable[[], bool], uri: str) -> None:
    """Try again and again.

    Raises:
        TimeoutError: after a minute.
    """
    began, told = time.monotonic(), False
    while not free():
        waited = time.monotonic() - began
        if waited > _GIVEN_UP_AFTER:
            raise TimeoutError(f"another process has held it for {_GIVEN_UP_AFTER:.0f} s; end that one first")
        if waited > _TOLD_AFTER and not told:
            say(
                f"MLflow store {without_passwords(uri)}: another process holds it; waiting for up to a minute"
            )
            told = True
        time.sleep(0.05)


if sys.platform != "win32":  # there, two processes that begin a workspace at once may fail
    import fcntl


@contextlib.contextmanager
def alone_at(uri: str) -> Iterator[None]:
    """Within this, no other process of this package opens the same database for the first time.

    MLflow makes its tables in several steps, and takes those of another process for its own.

    Raises:
        OSError: when the lock beside the database cannot be written, or is held for a minute.
    """
    file = _file_of(uri)
    if sys.platform == "win32" or file is None:
        with alone_in_postgresql(uri):
            yield
        return
    with Path(f"{file}.lock").open("a") as lock:

        def free() -> bool:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                return False
            return True

        _wait_until(free, uri)
        yield
