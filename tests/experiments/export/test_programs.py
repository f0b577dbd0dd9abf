"""The exported file in the programs that it is for."""

import re
import shutil
import subprocess
from pathlib import Path

import pandas as pd
import pytest

from tests.experiments.small_runs import small_run
from value_personas.experiments.export import ExportOptions, export_run

QUESTION = "Whether you agree that men are better political leaders than women"


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("pspp") is None, reason="PSPP, which reads as SPSS does, is not installed")
def test_pspp_weights_labels_and_leaves_out_what_is_missing(tmp_path: Path) -> None:
    run = small_run(tmp_path / "w", "profiles.n=12", "respondent.parameters.refusal_rate=0.1")
    export_run(run.folder, tmp_path / "a.sav", ExportOptions(kinds=("values-hedged",), draws=50))
    (tmp_path / "job.sps").write_text(
        f"GET FILE='{tmp_path / 'a.sav'}'.\nWEIGHT BY weight.\n"
        "SELECT IF (method = 'values-hedged' AND country_alpha = 'XNC').\n"
        "FREQUENCIES VARIABLES=Q29 /STATISTICS=NONE.\nDISPLAY DOCUMENTS.\n"
    )
    done = subprocess.run(["pspp", str(tmp_path / "job.sps")], capture_output=True, text=True, check=True)
    assert "error:" not in done.stdout.lower()
    assert QUESTION in done.stdout
    assert "licence" in done.stdout
    found = dict(re.findall(r"\|(?:Valid|Missing)?\s*([a-z ]+?)\s*\|\s*([\d.]+)\|", done.stdout))
    expected = drawn(tmp_path, run.folder)
    assert float(found["low label mass"]) == pytest.approx(expected.pop("low label mass"), abs=0.006)
    assert {label: float(found[label]) for label in expected} == pytest.approx(expected, abs=0.006)


def drawn(tmp_path: Path, folder: Path) -> dict[str, float]:
    """Weighted counts of the same draws by way of Parquet; what is missing by the stored table."""
    export_run(folder, tmp_path / "a.parquet", ExportOptions(kinds=("values-hedged",), draws=50))
    frame = pd.read_parquet(tmp_path / "a.parquet")
    rows = frame[(frame["method"] == "values-hedged") & (frame["country_alpha"] == "XNC")]
    counts = rows.groupby("Q29")["weight"].sum()
    labels = ("strongly agree", "agree", "disagree", "strongly disagree")
    named = {labels[int(code) - 1]: float(weight) for code, weight in counts.items()}
    gone = pd.read_parquet(folder / "missing_answers.parquet").query(
        "kind == 'values-hedged' and country == 'XNC'"
    )
    lost = gone[(gone["question"] == "Q29") & (gone["reason"] == "low_label_mass")]["persona"] + 1
    assert len(lost)
    return named | {"low label mass": float(rows[rows["persona"].isin(lost)]["weight"].sum())}
