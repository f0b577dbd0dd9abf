"""One small run, and its report, for every test of the report."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.experiments.commands.typed import command
from tests.experiments.report.runs import small_run
from value_personas import RunResult
from value_personas.experiments.report import Material, read_material
from value_personas.experiments.workspace.code_state import CodeState


@dataclass(frozen=True)
class Reported:
    """``told``: what the command printed; ``page``: the text of the file that it names."""

    run: RunResult
    material: Material
    told: dict[str, Any]
    page: str


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """By code that differs from its commit."""
    with pytest.MonkeyPatch.context() as patched:
        state = CodeState.of("0.2.0", "590fd93", "a patch")
        patched.setattr("value_personas.experiments.run.writing.code_state", lambda: state)
        return small_run(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="session")
def reported(finished: RunResult, tmp_path_factory: pytest.TempPathFactory) -> Reported:
    """The report as the command writes it."""
    workspace, place = finished.folder.parents[1], tmp_path_factory.mktemp("reported") / "paper"
    written = command("report", "quickstart", "--workspace", str(workspace), "--to", str(place), "--json")
    assert written.returncode == 0, written.stderr
    told = json.loads(written.stdout)
    page = Path(told["report"]).read_text(encoding="utf-8")
    return Reported(finished, read_material(finished.folder, workspace), told, page)
