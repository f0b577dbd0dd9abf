"""Who the respondents are, where several columns tell it."""

from pathlib import Path

import numpy as np
import pandas as pd

from value_personas.data import read_survey


def test_incomes_of_both_studies_of_the_joint_file(tmp_path: Path) -> None:
    """The EVS stores them in a column of its own, and the WVS's says there that it did not ask."""
    rows = 120
    table = pd.DataFrame({
        "cntry": 276, "cntry_AN": "DE", "gwght": 1.0, "wave": 7, "year": 2018,
        "study": np.repeat([1, 2], rows // 2), "F063": np.tile([1, 10], rows // 2), "E018": 1,
        "X047_WVS7": np.repeat([-4, 3], rows // 2), "X047E_EVS5": np.tile([8, 9, -2], rows // 3),
    })  # fmt: skip
    table.loc[table["study"] == 2, "X047E_EVS5"] = -4
    table.to_csv(tmp_path / "joint.csv", index=False)
    survey = read_survey(tmp_path / "joint.csv", waves=["all"])
    found = survey.demographics["income"]
    assert found[table["study"] == 2].eq("third tenth").all()
    assert found[table["study"] == 1].iloc[:3].tolist()[:2] == ["eighth tenth", "ninth tenth"]
    assert found[table["study"] == 1].isna().mean() == 1 / 3
    assert list(found.cat.categories[[0, -1]]) == ["lowest tenth", "highest tenth"]


def test_religions_by_a_list_that_the_codebook_does_not_know_are_left_out(tmp_path: Path) -> None:
    """Old releases of the time series: 1 = Aglipayan, 49 = Muslim, 64 = Roman Catholic."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"F063": rng.integers(1, 11, 120), "E018": rng.integers(1, 4, 120)}).assign(
        S003=32, S002VS=5, S017=1.0, S020=2006, S025=322006
    )
    table.assign(F025=rng.choice([1, 49, 64], 120)).to_csv(tmp_path / "old.csv", index=False)
    old = read_survey(tmp_path / "old.csv")
    assert "religion" not in old.demographics
    assert any(note.startswith("F025: religion is left out") for note in old.notes)
    stray = np.where(np.arange(120) < 3, 49, rng.choice([1, 5], 120))
    table.assign(F025=stray).to_csv(tmp_path / "new.csv", index=False)
    religion = read_survey(tmp_path / "new.csv").demographics["religion"]
    assert religion.isna().sum() == 3
    assert set(religion.dropna()) == {"Roman Catholic", "Muslim"}
