"""One MLflow run for each experiment, written in a few batches.

Runs lie in one MLflow experiment for each family of recipes: ``tracking.experiment``, or else what
``MLFLOW_EXPERIMENT_NAME`` says, or else the recipe's name. Neither ``--set`` nor a sweep changes the name, so
a recipe's variations lie side by side and can be compared; a recipe file that extends another has a name of
its own and begins a family of its own.
"""

import math
import time
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from fnmatch import fnmatch
from importlib.metadata import version
from pathlib import Path
from platform import python_version
from typing import TYPE_CHECKING

from value_personas.experiments.recipe.recipe import Recipe, TrackingSection
from value_personas.experiments.recipe.study_record import StudyRecord, write_study
from value_personas.experiments.tracking.adding import require_inside
from value_personas.experiments.tracking.client import (
    again_if_taken,
    experiment_of,
    tracking_client,
    uri_of,
)
from value_personas.experiments.tracking.inputs import InputFile, dataset_inputs
from value_personas.experiments.tracking.places import files_of_experiment
from value_personas.experiments.tracking.prompts import Prompt, link_prompts
from value_personas.experiments.tracking.traces import Call, write_traces
from value_personas.experiments.workspace.code_state import code_state
from value_personas.experiments.workspace.folders import Workspace
from value_personas.experiments.workspace.passwords import without_passwords
from value_personas.programs.engines import engine_kind

if TYPE_CHECKING:
    from mlflow import MlflowClient


FOLDER_TAG = "run.folder"
"""The tag that holds the name of a run's folder."""

_PARAM_LIMIT, _TAG_LIMIT = 6000, 8000
"""Characters MLflow keeps of a parameter's and of a tag's value."""

_PACKAGES = ("value-personas", "dspy", "mlflow")
"""Whose versions are tags of every run."""

_DATABASES = ("mssql", "mysql", "postgresql", "sqlite")

_PARAMS_A_BATCH, _METRICS_A_BATCH = 100, 1000
"""What MLflow takes at once."""


@dataclass(frozen=True, slots=True)
class Record:
    """What is kept of a run besides the code's state.

    Attributes:
        recipe: logged as flat parameters, named as in the recipe; it says where, too.
        name: a run name that can be read.
        metrics: name → value; NaN ones are left out, MLflow cannot search them.
        tags: name → text.
        folder: every file in it becomes an artifact, but those of ``kept_here``.
        parent: the MLflow run that this one is a part of, if any.
        inputs: the files that were read.
        kept_here: patterns of file names that stay in the folder alone, because they hold what respondents
            said or are as large as the answers themselves.
        prompts: by which it asked, by what each is for.
        calls: those that are shown as traces.
    """

    recipe: Recipe
    name: str
    metrics: Mapping[str, float]
    tags: Mapping[str, str]
    folder: Path
    parent: str | None = None
    inputs: tuple[InputFile, ...] = ()
    kept_here: tuple[str, ...] = ()
    prompts: Mapping[str, Prompt] = field(default_factory=dict)
    calls: tuple[Call, ...] = ()


def record_run(workspace: Workspace, record: Record, begun: str | None = None) -> str:
    """Write one finished run; several threads and processes may record at once.

    Args:
        workspace: holds the default store.
        record: what happened.
        begun: the run's id where it was opened before, under a name and tags that may have been others.

    Returns:
        The MLflow run's id.

    Raises:
        StoreError: when the tracking store cannot be written.
    """
    run_id = begun or open_run(workspace, record)
    close_run(workspace, record, run_id)
    return run_id


def record_study(workspace: Workspace, record: Record, page: StudyRecord, begun: str | None = None) -> str:
    """The same of a study, whose page can be made even where MLflow cannot be reached."""
    write_study(page, record.recipe, record.folder)
    run_id = begun or open_run(workspace, record)
    write_study(page.model_copy(update={"mlflow_run_id": run_id}), record.recipe, record.folder)
    close_run(workspace, record, run_id)
    return run_id


def open_run(workspace: Workspace, record: Record) -> str:
    """Begin a run that others are parts of; args, returns and raises as ``record_run``."""
    with _client(workspace, record) as client:
        experiment = _experiment(client, record.recipe.tracking, record.recipe.name, workspace)
        run = client.create_run(experiment, run_name=record.name, tags=tags_of(record))
    return str(run.info.run_id)


def close_run(workspace: Workspace, record: Record, run_id: str) -> None:
    """Write what a begun run came to; it may be closed again, when more was done."""
    with _client(workspace, record) as client:
        run = client.get_run(run_id)
        require_inside(run_id, str(run.info.artifact_uri), record.recipe.tracking, workspace)
        _log(client, run_id, record)
        if record.prompts:
            link_prompts(client, run, record.prompts)
        if record.calls:
            write_traces(client, run, record.calls)
        if record.name:
            client.update_run(run_id, name=record.name)
        client.set_terminated(run_id)


def reopen_run(section: TrackingSection, workspace: Workspace, run_id: str) -> bool:
    """Have a run of an earlier session, however that ended, be shown as running; False where it is gone."""
    from mlflow.exceptions import MlflowException

    with tracking_client(section, workspace) as client:
        try:
            if client.get_run(run_id).info.lifecycle_stage != "active":
                return False
            client.update_run(run_id, status="RUNNING")
        except MlflowException:
            return False
    return True


def _client(workspace: Workspace, record: Record) -> AbstractContextManager["MlflowClient"]:
    return tracking_client(record.recipe.tracking, workspace, f"the tables are in {record.folder}")


def _log(client: "MlflowClient", run_id: str, record: Record) -> None:
    from mlflow.entities import Metric, Param, RunTag

    client.log_batch(run_id, tags=[RunTag(name, text) for name, text in tags_of(record).items()])
    now = int(time.time() * 1000)
    metrics = [Metric(name, value, now, 0) for name, value in record.metrics.items() if math.isfinite(value)]
    told = without_passwords(record.recipe.flat())
    params = [Param(key, str(value)[:_PARAM_LIMIT]) for key, value in told.items()]
    for start in range(0, len(metrics), _METRICS_A_BATCH):
        client.log_batch(run_id, metrics=metrics[start : start + _METRICS_A_BATCH])
    for start in range(0, len(params), _PARAMS_A_BATCH):
        client.log_batch(run_id, params=params[start : start + _PARAMS_A_BATCH])
    if record.inputs:
        datasets = dataset_inputs(record.inputs)
        again_if_taken(lambda: client.log_inputs(run_id, datasets=datasets))
    for path in _artifacts(record):
        folder = path.parent.relative_to(record.folder).as_posix()
        client.log_artifact(run_id, str(path), None if folder == "." else folder)


def _artifacts(record: Record) -> list[Path]:
    files = sorted(path for path in record.folder.rglob("*") if path.is_file())
    return [path for path in files if not any(fnmatch(path.name, kept) for kept in record.kept_here)]


def _experiment(client: "MlflowClient", section: TrackingSection, recipe: str, workspace: Workspace) -> str:
    """The experiment of the recipe's family, made by whichever run comes first."""
    from mlflow.exceptions import MlflowException

    name = experiment_of(section, recipe)
    if (known := client.get_experiment_by_name(name)) is not None:
        return str(known.experiment_id)
    # A server says itself where files are kept; of a database it would be the folder one happens to be in.
    database = uri_of(section, workspace).partition(":")[0].partition("+")[0] in _DATABASES
    location = files_of_experiment(workspace.artifacts, name).as_uri() if database else None
    try:
        return str(client.create_experiment(name, artifact_location=location))
    except MlflowException:
        if (made := client.get_experiment_by_name(name)) is None:
            raise
        return str(made.experiment_id)  # by another run, between the two lines above


def tags_of(record: Record) -> dict[str, str]:
    """Its own, and those that every run has: what made it, what was invented, where its files lie."""
    state, recipe = code_state(), record.recipe
    invented = {
        "respondent": not recipe.predictions and engine_kind(recipe.respondent.lm).is_synthetic,
        "population": recipe.survey.is_synthetic,
    }
    known = {
        "synthetic": " and ".join(part for part, is_so in invented.items() if is_so) or "no",
        "model": recipe.answered_by,
        "version.python": python_version(),
        **{f"version.{name}": version(name) for name in _PACKAGES},
    }
    own = {
        FOLDER_TAG: record.folder.name,
        "code.version": state.version,
        "code.changes": state.changes,
        "mlflow.source.git.commit": state.commit,
    }
    parent = {"mlflow.parentRunId": record.parent} if record.parent else {}
    return {name: text[:_TAG_LIMIT] for name, text in {**known, **record.tags, **own, **parent}.items()}
