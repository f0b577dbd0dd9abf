"""MLflow's model registry: what a study chose, kept as a version of a name and fetched by it."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from value_personas.experiments.recipe.calibration import REGISTRY
from value_personas.experiments.tracking.client import quiet_mlflow
from value_personas.experiments.workspace.passwords import without_passwords
from value_personas.signatures import RecipeError

if TYPE_CHECKING:
    from mlflow import MlflowClient

__all__ = ["model_name", "register_version", "registered_file"]


def model_name(recipe: str, what: str) -> str:
    """MLflow's names hold no slash or colon, and its filters no quotation mark."""
    return re.sub(r"[^\w .-]", "-", recipe) + f"-{what}"


def register_version(
    client: "MlflowClient", name: str, run_id: str, tags: Mapping[str, str], description: str
) -> str:
    """Make a new version of a model, whose source is a run's own folder of artifacts.

    Returns:
        ``models:/NAME/VERSION``.
    """
    if not client.search_registered_models(filter_string=f"name = '{name}'"):
        client.create_registered_model(name, description=description)
    source = f"{client.get_run(run_id).info.artifact_uri}"
    version = client.create_model_version(name, source, run_id=run_id, tags=dict(tags))
    return f"{REGISTRY}{name}/{version.version}"


def registered_file(registry: str, key: str, name: str, file: str) -> Path:
    """Fetch a file of a registered version.

    Args:
        registry: where it is, an MLflow tracking URI.
        key: the recipe's key that names the version.
        name: ``models:/NAME/VERSION``.
        file: among the artifacts of the run that registered it.

    Raises:
        RecipeError: when it is no such name, or is not there.
    """
    from mlflow import MlflowClient
    from mlflow.artifacts import download_artifacts
    from mlflow.exceptions import MlflowException
    from sqlalchemy.exc import SQLAlchemyError

    model, slash, version = name.removeprefix(REGISTRY).rpartition("/")
    if not slash or not version.isdigit():
        raise RecipeError(f"{key}: {name}: expected models:/NAME/VERSION, for example models:/tune-program/1")
    with quiet_mlflow():
        try:
            found = MlflowClient(tracking_uri=registry, registry_uri=registry).get_model_version(
                model, version
            )
            return Path(download_artifacts(f"{found.source}/{file}", tracking_uri=registry))
        except (MlflowException, SQLAlchemyError, OSError) as error:
            said = without_passwords(str(error).splitlines()[0])
            raise RecipeError(
                f"{key}: {name} is not in the registry {without_passwords(registry)}: {said}"
            ) from None
