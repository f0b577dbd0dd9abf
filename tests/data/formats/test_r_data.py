"""R's files, where the optional reader is installed, and one clear line where it is not."""

import importlib.util
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.data.surveys import frame, write_sav
from value_personas.data import read_survey
from value_personas.signatures import SurveyError

needs_pyreadr = pytest.mark.skipif(
    importlib.util.find_spec("pyreadr") is None, reason="pyreadr is not installed"
)


@needs_pyreadr
@pytest.mark.parametrize("suffix", [".rds", ".RData"])
def test_r_files_read_like_any_other(suffix: str, tmp_path: Path) -> None:
    import pyreadr

    table = frame(120)
    write = pyreadr.write_rds if suffix == ".rds" else pyreadr.write_rdata
    write(str(tmp_path / f"s{suffix}"), table)
    survey = read_survey(tmp_path / f"s{suffix}")
    reference = read_survey(write_sav(table, tmp_path / "s.sav"))
    for question in reference.questions:
        np.testing.assert_allclose(
            survey.distribution(question, "DEU"), reference.distribution(question, "DEU"), atol=1e-12
        )


@needs_pyreadr
def test_noise_is_refused(tmp_path: Path) -> None:
    (tmp_path / "s.rds").write_bytes(bytes(range(256)) * 20)
    with pytest.raises(SurveyError, match=r"an R data file .*check that the download is complete"):
        read_survey(tmp_path / "s.rds")


def test_without_the_reader_the_message_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pyreadr", None)
    (tmp_path / "s.rds").write_bytes(b"\x1f\x8b" + bytes(20))
    with pytest.raises(SurveyError, match=r"value-personas\[r\]"):
        read_survey(tmp_path / "s.rds")
