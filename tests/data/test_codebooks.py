"""Codebooks and instruments are sound data; one's own are checked in one line."""

import csv
from pathlib import Path

import pytest

from data import codebook_names, draft_codebook, instrument_names, load_codebook, load_instrument, read_survey
from data.codebook import recognise_codebook
from data.parts import item_and_scale
from signatures import SurveyError

from .surveys import frame, write_sav

MINIMAL = """
[survey]
name = "mine"
title = "Mine"
[design]
country = ["land"]
[missing]
dont_know = [9]
[scales]
yes_no = { labels = ["yes", "no"], codes = [1, 2] }
[questions]
a = { text = "Whether it rains", scale = "yes_no" }
"""


@pytest.mark.parametrize("name", codebook_names())
def test_every_codebook_is_sound(name: str) -> None:
    codebook = load_codebook(name)
    assert codebook.name == name
    assert codebook.title
    for code, entry in codebook.questions.items():
        assert entry.question.code == code
        assert entry.question.text[0].isupper()
        assert not entry.question.text.endswith("?")  # own wordings name what is asked
        assert len(entry.stored.codes) == len(entry.question.scale)
        assert not set(entry.columns) & codebook.components
    for code, item in codebook.items.items():
        _, stored = item_and_scale(code)
        assert item.codes is None or len(item.codes) == len(stored.codes)


def test_six_surveys_and_two_instruments() -> None:
    assert {"wvs7", "wvs6", "wvs_trend", "evs_wvs_joint", "evs2017", "ess"} <= set(codebook_names())
    assert set(instrument_names()) == {"inglehart-welzel", "schwartz"}
    assert len(load_instrument("inglehart-welzel").items) == 10
    assert sum(item.code in load_codebook("ess").items for item in load_instrument("schwartz").items) == 21


@pytest.mark.parametrize("name", codebook_names())
def test_each_codebook_is_recognised_by_its_own_columns(name: str) -> None:
    codebook = load_codebook(name)
    columns = [*codebook.recognise, *codebook.questions]
    assert recognise_codebook(columns, "file").name == name


def test_the_levels_of_the_ten_items() -> None:
    levels = {item.code: len(item.scale) for item in load_instrument("inglehart-welzel").items}
    assert levels == {
        "A008": 4,
        "A165": 2,
        "E018": 3,
        "E025": 3,
        "F063": 10,
        "F118": 10,
        "F120": 10,
        "G006": 4,
        "Y002": 3,
        "Y003": 5,
    }
    high = {item.code: (item.axis, item.sign) for item in load_instrument("inglehart-welzel").items}
    assert high["F063"] == ("traditional_secular", -1)
    assert high["F120"] == ("traditional_secular", 1)
    assert high["F118"] == ("survival_self_expression", 1)
    assert high["E025"] == ("survival_self_expression", -1)


@pytest.mark.shared
def test_every_target_question_is_described(shared_dir: Path) -> None:
    questions = load_codebook("wvs7").questions
    with (shared_dir / "targets.tsv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream, delimiter="\t"))
    assert {row["q"] for row in rows} == set(questions)
    for row in rows:
        question = questions[row["q"]].question
        assert len(question.scale) == int(row["k"].split()[0])
        assert question.topic == row["topic"]
        assert question.near == row["near_far"].startswith("N")
        assert (question.ivs or "–") == row["ivs"].replace("(m)", "")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[design]", "[desing]"), "desing"),
        (("codes = [1, 2]", "codes = [1]"), "equally long"),
        (("codes = [1, 2]", "codes = [1, 1]"), "distinct"),
        (('scale = "yes_no"', 'scale = "maybe"'), "unknown scale 'maybe'"),
        (("dont_know", "forgot"), "unknown kind 'forgot'"),
        (('text = "Whether it rains", ', ""), "needs a text"),
        (("[survey]", "[survey"), "not readable as TOML"),
        (("codes = [1, 2]", 'codes = ["x"]'), "scales.yes_no.codes"),
        (('text = "Whether it rains", scale = "yes_no"', 'like = "wvs7/Q999"'), "names no question"),
    ],
)
def test_a_faulty_codebook_is_refused_in_one_line(
    change: tuple[str, str], message: str, tmp_path: Path
) -> None:
    assert change[0] in MINIMAL
    path = tmp_path / "mine.toml"
    path.write_text(MINIMAL.replace(*change))
    with pytest.raises(SurveyError) as caught:
        load_codebook(str(path))
    assert message in str(caught.value)
    assert str(path) in str(caught.value)


def test_ones_own_codebook_reads_ones_own_survey(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(MINIMAL)
    (tmp_path / "s.csv").write_text("land,a\n276,1\n276,2\n276,2\n276,9\n")
    survey = read_survey(tmp_path / "s.csv", codebook=tmp_path / "mine.toml")
    assert survey.distribution("a", "DEU").tolist() == pytest.approx([1 / 3, 2 / 3])
    assert survey.missing_share("a", "DEU") == {"dont_know": 0.25}


def test_a_draft_reads_the_file_it_was_made_from(tmp_path: Path) -> None:
    path = write_sav(frame(80), tmp_path / "s.sav", missing_ranges={"Q29": [{"lo": -9, "hi": -1}]})
    draft = tmp_path / "draft.toml"
    draft.write_text(draft_codebook(path))
    expected = read_survey(path)
    survey = read_survey(path, codebook=draft)
    assert survey.question("Q29").scale.labels == ("Strongly agree", "Agree", "Disagree", "Strongly disagree")
    for country in survey.countries:
        assert survey.distribution("Q29", country).tolist() == pytest.approx(
            expected.distribution("Q29", country)
        )
