"""Where MLflow keeps files: in the workspace, whatever a recipe or a store names."""

import hashlib
import re
import sqlite3
from pathlib import Path
from urllib.parse import urlparse
from urllib.request import url2pathname

_PLAIN = re.compile(r"[^\W.][\w .+-]{0,99}")
"""Names that are a folder's as they are."""

_KEPT_IN = (
    ("runs", "artifact_uri"),
    ("model_versions", "source"),
    ("model_versions", "storage_location"),
    ("logged_models", "artifact_location"),
    ("trace_tags", "value"),
)
"""Columns of MLflow that hold places below that of an experiment."""


def files_of_experiment(artifacts: Path, name: str) -> Path:
    """The folder of an experiment's files, within ``artifacts`` whatever the name is.

    Example:
        >>> files_of_experiment(Path("/w/artifacts"), "quickstart").as_posix()
        '/w/artifacts/quickstart'
        >>> files_of_experiment(Path("/w/artifacts"), "../../x").as_posix()
        '/w/artifacts/x-9cdf6a50'
    """
    if _PLAIN.fullmatch(name) and not name.endswith((" ", ".")):
        return artifacts / name
    short = re.sub(r"\W+", "-", name).strip("-")[:60] or "experiment"
    return artifacts / f"{short}-{hashlib.sha256(name.encode()).hexdigest()[:8]}"


def lies_in(place: str, folder: Path) -> bool:
    """Whether a place, which is a path or a URI, is on this machine's disk and not outside of a folder."""
    path = path_of(place)
    return path is not None and ".." not in path.parts and path.is_relative_to(folder)


def path_of(place: str) -> Path | None:
    """The path that a place on this machine's disk is; None of one elsewhere."""
    address = urlparse(place)
    if address.scheme not in ("", "file"):
        return None
    return Path(url2pathname(address.path) if address.scheme else place)


def settle_artifacts(store: sqlite3.Connection, artifacts: Path) -> None:
    """Let every experiment of a workspace's own store keep its files in that workspace.

    MLflow notes absolute paths: those of a workspace that was moved or copied since would lead to its old
    place. Runs and versions are set to the new place where their experiment's files lie there.

    Args:
        store: the open database; nothing is committed.
        artifacts: the workspace's folder of files.

    Raises:
        sqlite3.Error: when the store cannot be read or written.
    """
    tables = {name for (name,) in store.execute("select name from sqlite_master where type = 'table'")}
    if "experiments" not in tables:
        return
    noted = store.execute("select experiment_id, name, artifact_location from experiments").fetchall()
    for key, name, location in noted:
        old = path_of(location or "")
        if old is None or lies_in(location, artifacts):
            continue
        same = artifacts / old.name
        new = same if old.name and same.is_dir() else files_of_experiment(artifacts, name)
        store.execute(
            "update experiments set artifact_location = ? where experiment_id = ?", (new.as_uri(), key)
        )
        if new.is_dir():
            for table, column in _KEPT_IN:
                if table in tables:
                    store.execute(
                        f"update {table} set {column} = ? || substr({column}, ?) "  # names of our own
                        f"where substr({column}, 1, ?) = ?",
                        (new.as_uri(), len(location) + 1, len(location) + 1, f"{location}/"),
                    )
