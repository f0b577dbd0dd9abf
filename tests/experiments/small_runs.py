"""A small run of the quickstart, for tests that look at what is kept of one."""

import shutil
from pathlib import Path

from value_personas import RunResult, load_recipe, run

__all__ = ["DRAWN", "SMALL", "damaged_copy", "small_run"]

SMALL = (
    "survey.respondents=150",
    "profiles.n=6",
    'questions.include=["Q29", "Q185"]',
    'personas=["country", "values-hedged"]',
    "scoring.draws=200",
    "scoring.floor_draws=20",
    "scoring.persona_draws=0",
)

DRAWN = (*SMALL, 'personas=["none", "values-hedged"]', "scoring.persona_draws=2")
"""The same with personas drawn anew, so that intervals carry it."""


def small_run(workspace: Path, *settings: str) -> RunResult:
    return run(load_recipe("quickstart", [f"workspace={workspace}", *SMALL, *settings]))


def damaged_copy(result: RunResult, place: Path, file: str, content: str | None) -> Path:
    """A copy of a run's folder in which one file is gone, or holds something else."""
    copy = place / "copy"
    shutil.copytree(result.folder, copy)
    (copy / file).unlink()
    if content is not None:
        (copy / file).write_text(content)
    return copy
