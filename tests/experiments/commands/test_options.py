"""Every command that ends well says what to type next."""

import inspect
from pathlib import Path

import pytest

from tests.experiments.commands.typed import command
from value_personas.experiments.commands.options import give

SMALL = (
    "survey.respondents=100",
    "profiles.n=5",
    'questions.include=["Q29"]',
    'personas=["country", "values-unhedged"]',
    "scoring.draws=100",
    "scoring.floor_draws=20",
)


def test_none_can_forget_it() -> None:
    assert inspect.signature(give).parameters["then"].default is inspect.Parameter.empty


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("next")
    sets = [word for setting in SMALL for word in ("--set", setting)]
    assert command("run", "quickstart", "--workspace", str(place), *sets).returncode == 0
    return place


@pytest.mark.parametrize(
    ("typed", "then"),
    [
        (["glossary", "floor"], "value-personas recipes"),
        (["store", "info"], "value-personas store verify --workspace {place}"),
        (["store", "verify"], "value-personas store export answers.parquet --workspace {place}"),
        (["store", "export", "{place}/a.parquet"], "value-personas store info --workspace {place}"),
        (["store", "prune", "--missing", "--yes"], "value-personas store info --workspace {place}"),
    ],
    ids=lambda one: "-".join(one[:2]) if isinstance(one, list) else "",
)
def test_the_next_command_is_told(workspace: Path, typed: list[str], then: str) -> None:
    words = [word.format(place=workspace) for word in typed]
    kept = [] if typed[0] == "glossary" else ["--workspace", str(workspace)]
    told = command(*words, *kept)
    assert told.returncode == 0, told.stderr
    last = told.stdout.splitlines()[-1]
    assert last.startswith(f"next         {then.format(place=workspace)}")
    assert command(*words, *kept, "--json").stdout.startswith("{")
