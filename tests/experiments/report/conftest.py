"""One small run, and its report, for every test of the report."""

from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.experiments.report.runs import small_run
from value_personas import RunResult
from value_personas.experiments.report import Material, read_material, write_report
from value_personas.experiments.workspace.code_state import CodeState


@dataclass(frozen=True)
class Reported:
    run: RunResult
    material: Material
    page: str


@pytest.fixture(scope="session")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    """By code that differs from its commit."""
    with pytest.MonkeyPatch.context() as patched:
        state = CodeState.of("0.2.0", "590fd93", "a patch")
        patched.setattr("value_personas.experiments.run.writing.code_state", lambda: state)
        return small_run(tmp_path_factory.mktemp("report"))


@pytest.fixture(scope="session")
def reported(finished: RunResult) -> Reported:
    """The report in the run's own folder."""
    material = read_material(finished.folder, finished.folder.parents[1])
    files = write_report(material, finished.folder)
    return Reported(finished, material, Path(files.page).read_text(encoding="utf-8"))
