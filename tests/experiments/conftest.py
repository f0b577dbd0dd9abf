"""What is dear to make and the same for every test is made once, for all of a session's workers."""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from value_personas.experiments.tracking import client

_alone_at = client.alone_at


@pytest.fixture(scope="session")
def for_all_workers(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that the workers of a session share."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "for_all_workers"
    shared.mkdir(exist_ok=True)
    return shared


@pytest.fixture(scope="session", autouse=True)
def _copied_tables(for_all_workers: Path) -> Iterator[None]:
    """A new workspace gets a copy of MLflow's empty tables: seventy migrations are half of a small run."""
    empty = for_all_workers / "mlflow.db"

    @contextmanager
    def alone_at(uri: str) -> Iterator[None]:
        with _alone_at(uri):
            file = make_url(uri).database if uri.startswith("sqlite:") else None
            if file and Path(file).parent.is_dir() and not Path(file).exists():
                _make_once(empty)
                shutil.copyfile(empty, file)
            yield

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(client, "alone_at", alone_at)
        yield


@pytest.fixture
def mlflow_makes_its_tables(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a test of just that."""
    monkeypatch.setattr(client, "alone_at", _alone_at)


def _make_once(empty: Path) -> None:
    with Path(f"{empty}.made").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not empty.exists():
            from mlflow import MlflowClient

            MlflowClient(tracking_uri=f"sqlite:///{empty}.part", registry_uri=f"sqlite:///{empty}.part")
            Path(f"{empty}.part").rename(empty)
