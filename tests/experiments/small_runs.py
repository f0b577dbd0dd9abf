"""A small run of the quickstart, for tests that look at what is kept of one."""

from pathlib import Path

from experiments import RunResult, load_recipe, run

__all__ = ["SMALL", "small_run"]

SMALL = (
    "survey.respondents=150",
    "profiles.n=6",
    'questions.include=["Q29", "Q185"]',
    'personas=["country", "values-hedged"]',
    "scoring.draws=200",
    "scoring.floor_draws=20",
    "scoring.persona_draws=0",
)


def small_run(workspace: Path, *settings: str) -> RunResult:
    return run(load_recipe("quickstart", [f"workspace={workspace}", *SMALL, *settings]))
