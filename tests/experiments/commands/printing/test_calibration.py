"""What a calibration shows on the terminal."""

import re
from pathlib import Path

import pytest

from tests.experiments.calibration.builders import stored_panel
from value_personas.experiments.calibration.calibrate import fit_calibration
from value_personas.experiments.commands.printing.calibration import print_calibration
from value_personas.experiments.recipe.calibration import SearchSettings


def test_all_scores_are_written_alike(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    settings = SearchSettings(trials=2, held_out_zones=("Z1",), held_out_questions=0.4)
    print_calibration(fit_calibration(stored_panel(countries=8), settings, tmp_path))
    lines = capsys.readouterr().out.splitlines()
    for beginning in ("held-out", "in-sample", "oracle", "uniform"):
        (line,) = (line for line in lines if line.startswith(f"{beginning} "))
        assert re.search(r"(?<!\d)\.\d{3}(?!\d)", line)
        assert not re.search(r"(?<!\d)0\.\d{3}(?!\d)", line)
