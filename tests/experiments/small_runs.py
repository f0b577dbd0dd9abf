"""A small run of the quickstart, for tests that look at what is kept of one."""

import json
import shutil
from pathlib import Path

from value_personas import RunResult, load_recipe, run

__all__ = [
    "AS_IN_0_1_0",
    "A_THIRD",
    "DRAWN",
    "FAULTS_OF_0_1_0",
    "SMALL",
    "as_in_0_1_0",
    "damaged_copy",
    "small_run",
]

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

A_THIRD = (
    'questions.include=["Q1", "Q6", "Q29", "Q33", "Q36", "Q40", "Q47", "Q50", "Q62", "Q65", "Q70", '
    '"Q77", "Q108", "Q112", "Q142", "Q160", "Q177", "Q185", "Q196", "Q235", "Q240", "Q250"]'
)
"""A third of the questions, spread over the questionnaire: what all of them show, these show."""

FAULTS_OF_0_1_0 = dict.fromkeys(
    ("carelessness", "forecast_knowledge", "interplay", "number_blur", "stereotype", "verbatim_restraint"),
    0.0,
)
"""What the embedded respondent of 0.1.0 did not have, switched off: its answers, under its keys."""

CAUSES_OF_0_1_0 = dict.fromkeys(("demographics", "interactions", "silence", "thresholds"), 0.0)
"""Likewise of the embedded population: its people, byte by byte."""

AS_IN_0_1_0 = (
    *(f"respondent.parameters.{name}={value}" for name, value in FAULTS_OF_0_1_0.items()),
    *(f"survey.causes.{name}={value}" for name, value in CAUSES_OF_0_1_0.items()),
)


def as_in_0_1_0(recipe: Path) -> None:
    """Say so in the recipe that a run of 0.1.0 keeps."""
    kept = json.loads(recipe.read_text())
    kept["respondent"]["parameters"] |= FAULTS_OF_0_1_0
    kept["survey"]["causes"] = CAUSES_OF_0_1_0
    recipe.write_text(json.dumps(kept))


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
