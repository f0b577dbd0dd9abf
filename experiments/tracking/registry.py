"""MLflow's model registry: what a study chose, kept as a version of a name and fetched by it."""

import re
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

from value_personas.experiments.recipe.calibration import REGISTRY
from value_personas.experiments.recipe.recipe import TrackingSection
from value_personas.experiments.tracking.client import again_if_taken, tracking_client, uri_of
from value_personas.experiments.workspace.folders import Workspace
from value_personas.signatures import RecipeError, StoreError

if TYPE_CHECKING:
    from mlflow import MlflowClient


def model_name(recipe: str, what: str) -> str:
    """MLflow's names hold no slash or colon, and its filters no quotation mark."""
    return re.sub(r"[^\w .-]", "-", recipe) + f"-{what}"


def register_version(
    client: "MlflowClient",
    name: str,
    run_id: str,
    tags: Mapping[str, str],
    description: str,
    folder: str = "",
) -> str:
    """Make a new version of a model.

    Args:
        client: of the store with the registry.
        name: of the model.
        run_id: whose artifacts are the version's source.
        tags: of the version.
        description: of the model.
        folder: among those artifacts; all of them when absent.

    Returns:
        ``models:/NAME/VERSION``.
    """
    from mlflow.exceptions import MlflowException

    if not client.search_registered_models(filter_string=f"name = '{name}'"):
        with suppress(MlflowException):  # another process was first; anything else is said by the next call
            client.create_registered_model(name, description=description)
    source = f"{client.get_run(run_id).info.artifact_uri}/{folder}".rstrip("/")
    made: list[str] = []
    again_if_taken(
        lambda: made.append(client.create_model_version(name, source, run_id=run_id, tags=dict(tags)).version)
    )
    return f"{REGISTRY}{name}/{made[0]}"


def registered_file(section: TrackingSection, workspace: Workspace, key: str, name: str, file: str) -> Path:
    """Fetch a file of a registered version.

    Args:
        section: says where the registry is.
        workspace: has one of its own.
        key: the recipe's key that names the version.
        name: ``models:/NAME/VERSION``.
        file: among the artifacts of the run that registered it.

    Raises:
        RecipeError: when it is no such name, or is not there.
    """
    from mlflow.artifacts import download_artifacts

    model, slash, version = name.removeprefix(REGISTRY).rpartition("/")
    if not slash or not version.isdigit():
        raise RecipeError(f"{key}: {name}: expected models:/NAME/VERSION, for example models:/tune-program/1")
    try:
        with tracking_client(section, workspace) as client:
            found = client.get_model_version(model, version)
            registry = uri_of(section, workspace)
            return Path(download_artifacts(f"{found.source}/{file}", tracking_uri=registry))
    except StoreError as error:
        raise RecipeError(f"{key}: {name} is not in the registry: {error}") from None
