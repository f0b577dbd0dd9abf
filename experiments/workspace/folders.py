"""One folder of everything that is kept between runs."""

import hashlib
import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from value_personas.signatures import StoreError

CALIBRATION_FILE = "calibration.json"
"""A fitted calibration, where it was found and in the record of a run that applied it."""

PROGRAM_FILE = "program.json"
"""Tuned prompts, where they were found and in the record of a run that asked by them."""

_PART_FILE = "part_of.txt"


def stamped(name: str) -> str:
    """The name of a folder that is made now: ``name-TIME``, later times behind earlier ones."""
    return f"{name}-{datetime.now(UTC):%Y%m%dT%H%M%S%f}"


@dataclass(frozen=True, slots=True)
class Workspace:
    """Where answers, records and results lie.

    Attributes:
        folder: its root, an absolute path.
    """

    folder: Path

    @classmethod
    def open(cls, folder: Path) -> "Workspace":
        """Make the folder if need be.

        Raises:
            StoreError: when it cannot be made or written.
        """
        root = folder.expanduser().resolve()
        try:
            root.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"workspace {root}: {error.strerror}; name another with --workspace") from None
        if not os.access(root, os.W_OK):
            raise StoreError(f"workspace {root}: not writable; name another with --workspace")
        return cls(root)

    @classmethod
    def at(cls, folder: Path) -> "Workspace":
        """The folder as it stands, for what only reads: it is neither made nor need it be writable."""
        return cls(folder.expanduser().resolve())

    @property
    def answers(self) -> Path:
        """The answer store."""
        return self.folder / "answers.db"

    @property
    def tracking_uri(self) -> str:
        """MLflow's own store. SQLite, always by name: MLflow would otherwise pick up a stray ./mlruns."""
        return f"sqlite:///{self.folder / 'mlflow.db'}"

    @property
    def artifacts(self) -> Path:
        """What MLflow keeps as files."""
        return self.folder / "artifacts"

    def run_folder(self, name: str) -> Path:
        """The folder of one run's tables and figures, made if need be."""
        folder = self.folder / "runs" / name
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def calibration(self, recipe: str) -> Path:
        """The folder of what was found last for a recipe, by its name."""
        return self.folder / "calibration" / recipe

    def attempts(self, tuning: str) -> Path:
        """Every attempt of one tuning; ``tuning`` is its digest."""
        return self.folder / "tunings" / f"{tuning}.attempts"

    def floors(self, sources: Sequence[str], seed: int) -> Path:
        """Where the noise floors of a survey's cells are kept; ``sources`` are the digests of its files."""
        digest = hashlib.sha256(" ".join(sources).encode()).hexdigest()[:16]
        return self.folder / "floors" / f"{digest}-seed{seed}.json"

    @property
    def columns(self) -> Path:
        """Where columns of survey files are kept as they were read: respondents' answers, like the files."""
        return self.folder / "columns"

    def synthetic_survey(self, world: str, seed: int, respondents: int) -> Path:
        """Where the embedded population's survey file lies; ``world`` is the digest of its laws."""
        folder = self.folder / "synthetic"
        folder.mkdir(parents=True, exist_ok=True)
        return folder / f"population-{world}-seed{seed}-n{respondents}.sav"


def newest(folders: Sequence[Path]) -> Path:
    """The last of some runs, oldest first, that was made for its own sake; a sweep's cell where none was."""
    own = [folder for folder in folders if not is_part(folder)]
    return (own or folders)[-1]


def is_part(folder: Path) -> bool:
    """Whether a run is a cell of a sweep or an ablation."""
    return (folder / _PART_FILE).is_file()


def mark_part(folder: Path, parent: str) -> None:
    """Note in a run's folder of which MLflow run it is a part: a cell of a sweep or an ablation."""
    (folder / _PART_FILE).write_text(f"{parent}\n", encoding="utf-8")


@contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Where to write what then is a file whole, or not at all, whoever else writes it at the same time."""
    own = f"{os.getpid()}-{threading.get_ident()}"
    partial = path.with_name(f".{path.stem}.{own}.partial{path.suffix}")
    try:
        yield partial
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def replace_text(path: Path, text: str) -> None:
    """Write a file whole or not at all, whoever else writes it at the same time.

    Raises:
        StoreError: when it cannot be written.
    """
    try:
        with whole(path) as partial:
            partial.write_text(text, encoding="utf-8")
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror}") from None
