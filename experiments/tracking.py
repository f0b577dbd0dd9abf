"""One MLflow run for each experiment, written in a few batches."""

import logging
import math
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from experiments.code_state import code_state
from experiments.config import Recipe
from experiments.workspace import Workspace
from signatures import StoreError

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["Record", "close_run", "is_known", "open_run", "quiet_mlflow", "record_run"]

_PARAM_LIMIT = 6000
"""Characters MLflow keeps of a parameter's value."""

_PARAMS_A_BATCH, _METRICS_A_BATCH = 100, 1000
"""What MLflow takes at once."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a run besides its recipe and the code's state.

    Attributes:
        name: a run name that can be read.
        metrics: name → value; NaN ones are left out, MLflow cannot search them.
        tags: name → text.
        folder: every file in it becomes an artifact.
        parent: the MLflow run that this one is a part of, if any.
    """

    name: str
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    folder: Path
    parent: str | None = None


def record_run(recipe: Recipe, workspace: Workspace, record: Record) -> str:
    """Write one finished run.

    Args:
        recipe: logged as flat parameters, named as in the recipe.
        workspace: holds the default store.
        record: what happened.

    Returns:
        The MLflow run's id.

    Raises:
        StoreError: when the tracking store cannot be written.
    """
    run_id = open_run(recipe, workspace, record)
    close_run(recipe, workspace, record, run_id)
    return run_id


def open_run(recipe: Recipe, workspace: Workspace, record: Record) -> str:
    """Begin a run that others are parts of; args, returns and raises as ``record_run``."""
    with _client(recipe, workspace, record) as client:
        experiment = _experiment(client, recipe, workspace)
        run = client.create_run(experiment, run_name=record.name, tags=_tags(record))
    return str(run.info.run_id)


def close_run(recipe: Recipe, workspace: Workspace, record: Record, run_id: str) -> None:
    """Write what a begun run came to."""
    with _client(recipe, workspace, record) as client:
        _log(client, run_id, recipe, record)
        client.set_terminated(run_id)


def is_known(recipe: Recipe, workspace: Workspace, run_id: str) -> bool:
    """Whether the tracking store holds a run."""
    from mlflow.exceptions import MlflowException

    with _client(recipe, workspace, Record("", {}, {}, workspace.folder)) as client:
        try:
            return client.get_run(run_id).info.lifecycle_stage == "active"
        except MlflowException:
            return False


@contextmanager
def _client(recipe: Recipe, workspace: Workspace, record: Record) -> Iterator["MlflowClient"]:
    # Imported here: a second of start-up that only a finished run needs.
    from mlflow import MlflowClient
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    uri = recipe.tracking.uri or workspace.tracking_uri
    with quiet_mlflow():
        try:
            yield MlflowClient(tracking_uri=uri)
        except (MlflowException, SQLAlchemyError, OSError) as error:
            first_line = str(error).splitlines()[0]
            raise StoreError(f"MLflow store {uri}: {first_line}; the tables are in {record.folder}") from None


def _log(client: "MlflowClient", run_id: str, recipe: Recipe, record: Record) -> None:
    from mlflow.entities import Metric, Param

    now = int(time.time() * 1000)
    metrics = [Metric(name, value, now, 0) for name, value in record.metrics.items() if math.isfinite(value)]
    params = [Param(key, str(value)[:_PARAM_LIMIT]) for key, value in recipe.flat().items()]
    for start in range(0, len(metrics), _METRICS_A_BATCH):
        client.log_batch(run_id, metrics=metrics[start : start + _METRICS_A_BATCH])
    for start in range(0, len(params), _PARAMS_A_BATCH):
        client.log_batch(run_id, params=params[start : start + _PARAMS_A_BATCH])
    client.log_artifacts(run_id, str(record.folder))


def _experiment(client: "MlflowClient", recipe: Recipe, workspace: Workspace) -> str:
    name = recipe.tracking.experiment or recipe.name
    if (known := client.get_experiment_by_name(name)) is not None:
        return str(known.experiment_id)
    own_store = recipe.tracking.uri is None
    location = (workspace.artifacts / name).as_uri() if own_store else None
    return str(client.create_experiment(name, artifact_location=location))


def _tags(record: Record) -> dict[str, str]:
    state = code_state()
    own = {"code.version": state.version, "mlflow.source.git.commit": state.commit}
    return {**record.tags, **own, **({"mlflow.parentRunId": record.parent} if record.parent else {})}


@contextmanager
def quiet_mlflow() -> Iterator[None]:
    """Keep MLflow's and Alembic's housekeeping off the user's terminal."""
    os.environ.setdefault("MLFLOW_SERVER_ENABLE_JOB_EXECUTION", "false")
    loggers = [logging.getLogger(name) for name in ("alembic", "mlflow")]
    levels = [logger.level for logger in loggers]
    for logger in loggers:
        logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        for logger, level in zip(loggers, levels, strict=True):
            logger.setLevel(level)
