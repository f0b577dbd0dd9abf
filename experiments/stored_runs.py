"""Runs read back from their folders."""

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from pydantic import ValidationError

from data.formats.base import first_line
from experiments.config import Recipe
from experiments.held_out import HeldOut
from experiments.result import RunResult
from signatures import StoreError

__all__ = [
    "RunFigures",
    "check_rows",
    "find_run",
    "mark_part",
    "newest",
    "read_figures",
    "read_run",
    "read_table",
    "run_folders",
    "write_run_id",
    "write_table",
]

_FILES = ("result.json", "recipe.json", "estimates.parquet", "scores.parquet", "summary.csv")
_CELL = ("method", "country", "question")
_ID_FILE = "mlflow_run_id.txt"
_PART_FILE = "part_of.txt"


@dataclass(frozen=True, slots=True)
class RunFigures:
    """The figures of a run without its tables of cells and options.

    Attributes:
        summary: as ``RunResult.summary``.
        floor: as ``RunResult.floor``.
        missing: as ``RunResult.missing``.
        synthetic: as ``RunResult.synthetic``.
    """

    summary: pd.DataFrame
    floor: "pd.Series[float]"
    missing: Mapping[str, Mapping[str, int]]
    synthetic: tuple[str, ...]


def read_figures(folder: Path) -> RunFigures:
    """As much of a run as a table of many shows; args and raises as ``read_run``."""
    with _one_line(folder):
        said = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        return RunFigures(
            summary=_main_table(folder / "summary", ("method", "score"), ("mean", "lower", "upper")),
            floor=pd.Series(said["floor"], dtype=float),
            missing=said["missing"],
            synthetic=tuple(said["synthetic"]),
        )


def read_run(folder: Path) -> RunResult:
    """What a run gave back, from its files. Nothing in them is executed.

    Args:
        folder: as ``RunResult.folder``, or a copy of it.

    Raises:
        StoreError: when a file is absent, damaged or of another version.
    """
    figures = read_figures(folder)
    with _one_line(folder):
        said = json.loads((folder / "result.json").read_text(encoding="utf-8"))
        return RunResult(
            recipe=Recipe.model_validate_json((folder / "recipe.json").read_bytes()),
            estimates=_main_table(folder / "estimates", (*_CELL, "score"), ("option", "human", "predicted")),
            scores=_main_table(folder / "scores", _CELL, ("normalised_mae",)),
            summary=figures.summary,
            floor=figures.floor,
            held_out=_held_out(said["held_out"]),
            missing=figures.missing,
            usage=said["usage"],
            notes=tuple(said["notes"]),
            synthetic=figures.synthetic,
            leaks=tuple(said["leaks"]),
            mlflow_run_id=_run_id(folder),
            folder=folder,
        )


def _main_table(path: Path, keys: Sequence[str], values: Sequence[str]) -> pd.DataFrame:
    table = check_rows(path, read_table(path), keys, values)
    if table.empty:
        raise StoreError(f"{path}: damaged: holds no row")
    return table


def check_rows(
    path: Path, table: pd.DataFrame, keys: Sequence[str], values: Sequence[str] = ()
) -> pd.DataFrame:
    """A table as it is, once it is certain to have its columns and each row once.

    Args:
        path: what an error names.
        table: of a run.
        keys: columns that together name a row.
        values: further columns that it must have.

    Raises:
        StoreError: when it lacks a column, or its keys name two rows alike.
    """
    if lacking := [column for column in (*keys, *values) if column not in table.columns]:
        raise StoreError(f"{path}: damaged: lacks the column {lacking[0]}")
    if (twice := table.duplicated(list(keys))).any():
        row = " · ".join(map(str, table.loc[twice, list(keys)].iloc[0]))
        raise StoreError(f"{path}: damaged: holds {row} twice")
    return table


def _held_out(said: Mapping[str, Any] | None) -> HeldOut | None:
    """Read what ``RunResult.as_dict`` says of held-out cells."""
    if said is None:
        return None
    floor, summary = pd.Series(said["floor"], dtype=float), pd.DataFrame(said["summary"])
    return HeldOut(summary, floor, int(said["countries"]), int(said["questions"]))


@contextmanager
def _one_line(folder: Path) -> Iterator[None]:
    """Whatever is wrong with a run's files, in one line."""
    if absent := [name for name in _FILES if not (folder / name).is_file()]:
        raise StoreError(f"{folder}: no finished run, {absent[0]} is absent")
    try:
        yield
    except ValidationError as error:
        where = ".".join(map(str, error.errors(include_url=False)[0]["loc"]))
        raise StoreError(f"{folder}: recipe.json is of another version or damaged: {where}") from None
    except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
        raise StoreError(f"{folder}: not a run of this version, or damaged: {first_line(error)}") from None


def find_run(runs: Path, wanted: str | None = None) -> Path:
    """The folder of a finished run.

    Args:
        runs: the workspace's folder of runs.
        wanted: a folder, its name, a recipe's name (its newest run), or an MLflow run id; the newest run of
            all when absent. Cells of a sweep or an ablation are the newest only where there is no other run.

    Raises:
        StoreError: when there is none.
    """
    if wanted is not None and (Path(wanted) / "result.json").is_file():
        return Path(wanted)
    folders = run_folders(runs)
    found = [folder for folder in folders if wanted is None or _is(folder, wanted)]
    if not found:
        names = ", ".join(folder.name for folder in folders[-3:])
        which = f"no run {wanted!r}" if wanted else "no finished run"
        hint = f"; the newest are {names}" if names else "; value-personas run makes one"
        raise StoreError(f"{runs}: {which}{hint}")
    return newest(found)


def newest(folders: Sequence[Path]) -> Path:
    """The last of some runs, oldest first, that was made for its own sake; a sweep's cell where none was."""
    own = [folder for folder in folders if not (folder / _PART_FILE).is_file()]
    return (own or folders)[-1]


def mark_part(folder: Path, parent: str) -> None:
    """Note in a run's folder of which MLflow run it is a part: a cell of a sweep or an ablation."""
    (folder / _PART_FILE).write_text(f"{parent}\n", encoding="utf-8")


def run_folders(runs: Path) -> list[Path]:
    """Every finished run, oldest first."""
    finished = (path.parent for path in runs.glob("*/result.json"))
    return sorted(finished, key=lambda folder: (folder / "result.json").stat().st_mtime_ns)


def write_table(path: Path, table: pd.DataFrame) -> None:
    """Write a table as Parquet, which keeps every digit, and as the CSV that people open.

    Args:
        path: without a suffix.
        table: columns of one type each.
    """
    table.to_parquet(path.with_suffix(".parquet"), index=False)
    table.to_csv(path.with_suffix(".csv"), index=False)


def read_table(path: Path) -> pd.DataFrame:
    """A table of a run, to the last digit; ``path`` is without a suffix. Older runs have but the CSV.

    Raises:
        StoreError: when it is absent or damaged.
    """
    whole = path.with_suffix(".parquet")
    try:
        return pd.read_parquet(whole) if whole.is_file() else pd.read_csv(path.with_suffix(".csv"))
    except pd.errors.EmptyDataError:  # a table without a column
        return pd.DataFrame()
    except (OSError, ValueError) as error:
        raise StoreError(f"{path}: damaged: {first_line(error)}") from None


def write_run_id(folder: Path, run_id: str) -> None:
    """Note in a run's folder under which id MLflow keeps it."""
    (folder / _ID_FILE).write_text(run_id + "\n", encoding="utf-8")


def _run_id(folder: Path) -> str:
    path = folder / _ID_FILE
    return path.read_text(encoding="utf-8").strip() if path.is_file() else ""


def _is(folder: Path, wanted: str) -> bool:
    return wanted in (folder.name, folder.name.rpartition("-")[0], _run_id(folder))
