"""``value-personas ui``: MLflow's own pages on the records of a recipe."""

import os
import sys
from typing import Annotated

import typer

from value_personas.experiments.commands.options import (
    RecipeArgument,
    SettingsOption,
    WorkspaceOption,
    all_overrides,
    say,
)


def ui(
    recipe: RecipeArgument = None,
    settings: SettingsOption = None,
    workspace: WorkspaceOption = None,
    host: Annotated[str, typer.Option(help="The address it listens on; of this machine only.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Its port.", min=1, max=65535)] = 5000,
) -> None:
    """Open MLflow's own UI where a recipe is recorded: in its workspace, or at its tracking.uri."""
    from value_personas.experiments.recipe.loading import load_recipe
    from value_personas.experiments.tracking.client import experiment_of, tracking_client, uri_of
    from value_personas.experiments.workspace.folders import Workspace
    from value_personas.experiments.workspace.passwords import without_passwords
    from value_personas.signatures import StoreError

    loaded = load_recipe(recipe, all_overrides(settings, workspace))
    place = Workspace.at(loaded.workspace)
    uri = uri_of(loaded.tracking, place)
    if uri.startswith(("http://", "https://")):
        say(f"{without_passwords(uri)} is a server already: open it in a browser")
        return
    if uri == place.tracking_uri and not (place.folder / "mlflow.db").is_file():
        raise StoreError(f"workspace {place.folder}: nothing recorded yet; run value-personas run first")
    # Without these the server starts eleven processes, and may wait for ever on a price list.
    environment = os.environ | {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    command = [sys.executable, "-m", "mlflow", "server", "--host", host, "--port", str(port)]
    command += ["--backend-store-uri", uri, "--workers", "1"]
    command += ["--artifacts-destination", str(place.artifacts)]
    with tracking_client(loaded.tracking, place) as client:
        family = client.get_experiment_by_name(experiment_of(loaded.tracking, loaded.name))
    page = f"/#/experiments/{family.experiment_id}/runs" if family else ""
    say(f"http://{host}:{port}{page}  (Ctrl-C stops it)", err=True)
    sys.stderr.flush()
    os.execve(command[0], command, environment)  # itself, so that no server outlives the command
