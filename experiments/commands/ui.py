"""``value-personas ui``: MLflow's own pages on the workspace's records."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Annotated

import typer

__all__ = ["ui"]


def ui(
    workspace: Annotated[Path, typer.Option(help="The folder of everything kept.")] = Path(".value-personas"),
    port: Annotated[int, typer.Option(help="The port on 127.0.0.1.", min=1, max=65535)] = 5000,
) -> None:
    """Open MLflow's own UI on the records of a workspace, on this machine only."""
    from value_personas.experiments.workspace.folders import Workspace
    from value_personas.signatures import StoreError

    place = Workspace(workspace.expanduser().resolve())
    if not (place.folder / "mlflow.db").is_file():
        raise StoreError(f"workspace {place.folder}: nothing recorded yet; run value-personas run first")
    # Without these the server starts eleven processes, and may wait for ever on a price list.
    environment = os.environ | {
        "MLFLOW_SERVER_ENABLE_JOB_EXECUTION": "false",
        "LITELLM_LOCAL_MODEL_COST_MAP": "True",
    }
    command = [sys.executable, "-m", "mlflow", "server", "--host", "127.0.0.1", "--port", str(port)]
    command += ["--backend-store-uri", place.tracking_uri, "--workers", "1"]
    command += ["--artifacts-destination", str(place.artifacts)]
    typer.echo(f"http://127.0.0.1:{port}  (Ctrl-C stops it)", err=True)
    raise typer.Exit(subprocess.run(command, env=environment, check=False).returncode)
