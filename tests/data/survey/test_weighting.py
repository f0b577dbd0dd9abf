"""A weight's own label is held against what the codebook takes it for."""

from pathlib import Path

import pyreadstat
import pytest

from tests.data.surveys import LABELS, frame
from value_personas.data import read_survey
from value_personas.signatures import SurveyError


def _file(label: str, folder: Path) -> Path:
    table = frame(60)
    labels = [label if name == "W_WEIGHT" else "" for name in table]
    path = folder / "s.sav"
    pyreadstat.write_sav(table, str(path), column_labels=labels, variable_value_labels=LABELS)
    return path


def test_a_label_of_another_weight_stops_the_reading(tmp_path: Path) -> None:
    path = _file("Population size weight", tmp_path)
    with pytest.raises(
        SurveyError, match="'Population size weight', and the codebook takes it for the within"
    ) as e:
        read_survey(path)
    assert "\n" not in str(e.value)
    assert read_survey(path, weight="unweighted").respondents("DEU")


@pytest.mark.parametrize(
    "label", ["", "Weight", "Post-stratification weight", "Factor de ponderación", "Gewicht"]
)
def test_a_label_of_weights_says_nothing(label: str, tmp_path: Path) -> None:
    assert not any("speaks of none" in note for note in read_survey(_file(label, tmp_path)).notes)


def test_a_label_of_something_else_is_told(tmp_path: Path) -> None:
    notes = read_survey(_file("Interview number", tmp_path)).notes
    assert any(
        "W_WEIGHT is taken for a weight, and its label 'Interview number' speaks of none" in n for n in notes
    )
