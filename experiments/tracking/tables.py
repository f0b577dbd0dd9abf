"""MLflow's empty tables in one step: its seventy migrations are a second of every new workspace."""

import sqlite3
import sys
from contextlib import closing
from importlib.metadata import version
from pathlib import Path

from value_personas.experiments.workspace.folders import whole


def make_tables(file: Path) -> None:
    """Make a new SQLite store as MLflow would; nothing, where its version is not the one written down.

    MLflow itself checks the tables against its own when it opens the store.

    Args:
        file: is made, whole or not at all.
    """
    script = Path(__file__).with_name(f"mlflow-{version('mlflow')}.sql")
    if not script.is_file():
        return
    with whole(file) as partial:
        partial.unlink(missing_ok=True)  # of a process that was killed and had the same number
        with closing(sqlite3.connect(partial)) as store:
            store.executescript(script.read_text(encoding="utf-8"))


def _write_down() -> None:
    """Write the tables of the installed MLflow down, beside this file."""
    import tempfile

    import sqlalchemy as sa
    from mlflow.store.db.utils import _initialize_tables

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "mlflow.db"
        engine = sa.create_engine(f"sqlite:///{place}")
        _initialize_tables(engine)  # type: ignore[no-untyped-call]
        engine.dispose()
        with closing(sqlite3.connect(place)) as store:
            script = "\n".join(store.iterdump()) + "\n"
    Path(__file__).with_name(f"mlflow-{version('mlflow')}.sql").write_text(script, encoding="utf-8")
    sys.stdout.write(f"{len(script)} characters\n")


if __name__ == "__main__":
    _write_down()
