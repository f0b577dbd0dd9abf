"""Lines that several results end with."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console
from rich.text import Text

from value_personas.experiments.fieldwork.synthetic import synthetic_warning


def print_remarks(
    console: Console,
    synthetic: Sequence[str],
    notes: Sequence[str] = (),
    failed: Mapping[str, str] | None = None,
) -> None:
    """What a reader must know of a table: what failed, notes, and that it is synthetic."""
    lines = [f"failed: {label}: {reason}" for label, reason in (failed or {}).items()]
    lines += [f"note: {note}" for note in notes]
    for line in (*lines, *([synthetic_warning(synthetic)] if synthetic else [])):
        console.print(Text(line))


def print_places(console: Console, folder: Path, mlflow_run_id: str = "", **others: str) -> None:
    """Where everything lies, each on a line of its own that no terminal breaks."""
    places = {"tables": str(folder)}
    places |= {"MLflow run": f"{mlflow_run_id}  (value-personas ui)"} if mlflow_run_id else {}
    for what, place in (places | others).items():
        console.print(Text(f"{what:<12} {place}"), soft_wrap=True)


def print_study(console: Console, study: str, storage: str) -> None:
    """An Optuna study's name and the command that shows it."""
    console.print(Text(f"{'study':<12} {study}"), soft_wrap=True)
    console.print(Text(f"{'to see it':<12} {shlex.join(['optuna-dashboard', storage])}"), soft_wrap=True)
