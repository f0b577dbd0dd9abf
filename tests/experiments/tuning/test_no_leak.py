"""What held-out people answered has no part in tuning: not in a prompt, a log, feedback, or any choice."""

from itertools import product
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from tests.experiments.tuning.tunings import stored_prompts, tuned
from value_personas.data.synthetic import write_synthetic_survey
from value_personas.experiments.tuning.tune import TuningResult


def planted(path: Path, result: TuningResult) -> None:
    """The same survey, in which everybody of a held-out cell gave its first answer."""
    source = next(path.parent.glob("world.sav"))
    frame, meta = pyreadstat.read_sav(str(source), user_missing=True)
    cells = result.judgement.cells.query("part == 'held-out'")
    for country, question in product(set(cells["country"]), set(cells["question"])):
        rows = (frame["B_COUNTRY_ALPHA"] == country) & (frame[question] > 0)
        frame.loc[rows, question] = frame.loc[rows, question].min()
    pyreadstat.write_sav(
        frame,
        str(path),
        column_labels=meta.column_names_to_labels,
        variable_value_labels=meta.variable_value_labels,
        missing_ranges=meta.missing_ranges,
        file_label=meta.file_label or "",
    )


@pytest.mark.parametrize("optimizer", ["gepa", pytest.param("simba", marks=pytest.mark.slow)])
def test_a_secret_in_held_out_answers_reaches_no_prompt_log_or_choice(tmp_path: Path, optimizer: str) -> None:
    write_synthetic_survey(tmp_path / "world.sav", seed=0, respondents_per_country=200)
    uri = f"tracking.uri=sqlite:///{tmp_path / 'mlflow.db'}"
    plain = tuned(tmp_path / "plain", optimizer, uri, f"survey.path={tmp_path / 'world.sav'}")
    planted(tmp_path / "planted.sav", plain)
    secret = tuned(tmp_path / "secret", optimizer, uri, f"survey.path={tmp_path / 'planted.sav'}")

    # The secret is there, and only the last judgement, which asks no model, can tell.
    first, second = plain.judgement.cells, secret.judgement.cells
    held_out = first["part"] == "held-out"
    assert (first[held_out]["tuned"] != second[held_out]["tuned"]).all()
    pd.testing.assert_frame_equal(first[~held_out], second[~held_out], check_exact=True)

    assert stored_prompts(tmp_path / "plain") == stored_prompts(tmp_path / "secret")
    pd.testing.assert_frame_equal(plain.evaluations, secret.evaluations, check_exact=True)
    assert plain.program.predictors == secret.program.predictors
    assert _without_times(plain.folder) == _without_times(secret.folder)


def _without_times(folder: Path) -> list[str]:
    """The optimiser's log; its lines begin with a time, and its bars tell of speed."""
    lines = (folder / "optimizer.log").read_text(encoding="utf-8").splitlines()
    return [line[20:] for line in lines if line[:2] == "20" and "INFO" in line]
