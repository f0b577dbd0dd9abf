"""Which way round each question and item is stored, against what questionnaires print at its ends.

``end_labels.csv`` was never written from the codebooks here. Its last column says where a row was seen: in a
published codebook, questionnaire or list of value labels (a public repository and the file in it), in the
labels of a real file; or that it is ``recalled``, and that nobody held it against a copy.
"""

import csv
from pathlib import Path

import pytest

from value_personas.data import codebook_names, load_codebook
from value_personas.data.codebooks.scales import StoredScale
from value_personas.data.survey.labels import ColumnFacts, judge_labels, meanings_of

with (Path(__file__).parent / "end_labels.csv").open(encoding="utf-8", newline="") as stream:
    ROWS = list(csv.DictReader(stream))


def stored(codebook: str, code: str) -> StoredScale:
    known = load_codebook(codebook)
    if code in known.questions:
        return known.questions[code].stored
    return known.items[code].stored


@pytest.mark.parametrize("name", codebook_names())
def test_every_question_and_item_is_in_the_list(name: str) -> None:
    known = load_codebook(name)
    stored_items = {code for code, item in known.items.items() if item.columns}
    listed = [row["code"] for row in ROWS if row["codebook"] == name]
    assert len(set(listed)) == len(listed)
    built = set(listed) - set(known.questions) - stored_items
    assert built <= {code for code, item in known.items.items() if item.build}
    assert set(known.questions) | stored_items == set(listed) - built


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['codebook']}-{row['code']}")
def test_the_ends_are_those_of_the_questionnaire(row: dict[str, str]) -> None:
    scale = stored(row["codebook"], row["code"])
    low, high = float(row["low_code"]), float(row["high_code"])
    assert (scale.codes[0], scale.codes[-1]) == (low, high)
    found = judge_labels(
        ColumnFacts({low: row["low"], high: row["high"]}), meanings_of(scale), {}, lambda: scale.codes
    )
    assert found.verdict == "agrees"
    turned = judge_labels(
        ColumnFacts({low: row["high"], high: row["low"]}), meanings_of(scale), {}, lambda: scale.codes
    )
    assert turned.verdict == "reverses"


def test_government_responsibility_runs_one_way_in_single_waves_and_the_other_in_joined_files() -> None:
    ends = {
        (row["codebook"], row["code"]): row["high"].startswith("The government")
        for row in ROWS
        if row["code"] in ("Q108", "V98", "E037", "everyone_provided")
    }
    assert ends == {
        ("wvs7", "Q108"): False,
        ("wvs6", "V98"): False,
        ("wvs7_labelled_subset", "everyone_provided"): False,
        ("wvs_trend", "E037"): True,
        ("evs_wvs_joint", "E037"): True,
    }
