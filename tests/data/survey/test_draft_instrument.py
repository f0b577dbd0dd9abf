"""Drafted questions become value items, and an instrument of one's own describes them."""

from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from value_personas.data import (
    draft_codebook,
    draft_instrument,
    load_codebook,
    load_instrument,
    read_survey,
    value_profiles,
)
from value_personas.signatures import SurveyError

FOUR = {1.0: "Very", 2.0: "Rather", 3.0: "Not very", 4.0: "Not at all"}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """Six people of two countries."""
    frame = pd.DataFrame(
        {
            "country": [276.0] * 3 + [392.0] * 3,
            "law": [1.0, 2, 3, 4, 1, 2],
            "work-life": [4.0, 3, 2, 1, 1, 1],
            "trust": [1.0, 1, 2, 3, 4, 4],
        }
    )
    path = tmp_path / "s.sav"
    labels = dict.fromkeys(("law", "trust"), FOUR) | {"country": {276.0: "Germany", 392.0: "Japan"}}
    pyreadstat.write_sav(
        frame.rename(columns={"work-life": "work"}),
        path,
        column_labels={"law": "To obey the law", "trust": 'Trust in "the police"'},
        variable_value_labels={**labels, "work": FOUR},
    )
    return path


def drafted(file: Path, *items: str) -> tuple[Path, Path]:
    codebook, instrument = draft_instrument(draft_codebook(file), items, "mine-instrument.toml")
    paths = file.with_name("mine.toml"), file.with_name("mine-instrument.toml")
    for path, text in zip(paths, (codebook, instrument), strict=True):
        path.write_text(text, encoding="utf-8")
    return paths


def test_items_leave_the_questions_and_stand_in_an_instrument(file: Path) -> None:
    codebook, instrument = drafted(file, "work", "law")
    assert [item.code for item in load_instrument(str(instrument)).items] == ["work", "law"]
    assert load_instrument(str(instrument)).items[1].text == "To obey the law"
    survey = read_survey(file, codebook=codebook)
    assert [question.code for question in survey.questions] == ["trust"]
    assert [item.code for item in survey.items] == ["work", "law"]
    profiles = value_profiles(survey, str(instrument))
    assert profiles.frame.to_numpy().tolist() == [[4, 1], [3, 2], [2, 3], [1, 4], [1, 1], [1, 2]]


def test_a_codebook_without_it_is_told_of_the_instrument_by_whoever_reads(file: Path) -> None:
    codebook, instrument = drafted(file, "law")
    text = codebook.read_text().replace('instrument = "mine-instrument.toml"\n', "")
    codebook.write_text(text)
    with pytest.raises(SurveyError, match=r"'law' is in no instrument .* instrument = 'FILE.toml'"):
        load_codebook(str(codebook))
    survey = read_survey(file, codebook=codebook, instrument=str(instrument))
    assert [item.code for item in survey.items] == ["law"]


def test_an_instrument_that_is_not_there_is_named(file: Path) -> None:
    codebook, instrument = drafted(file, "law")
    instrument.unlink()
    with pytest.raises(SurveyError, match=r"survey\.instrument.*mine-instrument\.toml"):
        load_codebook(str(codebook))


def test_profiles_of_another_instrument_name_the_codebooks_own(file: Path) -> None:
    codebook, instrument = drafted(file, "law")
    with pytest.raises(SurveyError, match=rf"set profiles\.instrument to {instrument}"):
        value_profiles(read_survey(file, codebook=codebook))


@pytest.mark.parametrize(
    ("items", "said"), [(("age",), "no drafted question"), (("law", "work", "trust"), "leave some")]
)
def test_what_cannot_be_an_item_is_refused(file: Path, items: tuple[str, ...], said: str) -> None:
    with pytest.raises(SurveyError, match=said):
        drafted(file, *items)
