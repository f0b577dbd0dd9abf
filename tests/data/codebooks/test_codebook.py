"""Codebooks and instruments are sound data; one's own are checked in one line."""

import csv
from pathlib import Path

import pytest

from tests.data.surveys import frame, write_sav
from value_personas import data
from value_personas.data import (
    codebook_names,
    draft_codebook,
    instrument_names,
    load_codebook,
    load_instrument,
    read_survey,
    value_profiles,
)
from value_personas.data.codebooks.codebook import recognise_codebook
from value_personas.data.codebooks.instruments import item_and_scale
from value_personas.signatures import SurveyError

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


AIMS = (
    'build = { rule = "first_and_second_aim", first = "b", second = "c", materialist = [1], '
    "post_materialist = [2] }"
)


def _index(plus: str) -> str:
    return (
        f'build = {{ rule = "autonomy_index", plus = {plus}, minus = ["d", "e"], mentioned = 1, '
        "not_mentioned = [2] }"
    )


def _with(lines: str) -> tuple[str, str]:
    """A change that puts lines before the section of missing codes."""
    return "[missing]", f"{lines}\n[missing]"


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
        assert len(item.stored.codes) == len(stored.codes)


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
        (("[survey]", "[survey"), "not valid TOML"),
        (("codes = [1, 2]", 'codes = ["x"]'), "scales.yes_no.codes"),
        (('text = "Whether it rains", scale = "yes_no"', 'like = "wvs7/Q999"'), "names no question"),
        (('text = "Whether it rains", scale = "yes_no"', 'like = "mine.toml/a"'), "names no question"),
        (('text = "Whether it rains", scale = "yes_no"', 'like = "../../x/a"'), "names no question"),
        (('"yes_no" }', '"yes_no", codes = [1, 1] }'), "2 distinct codes"),
        (('"yes_no" }', '"yes_no", missing = { refused = [2] } }'), "code 2 is an answer and missing"),
        (("[9]", "[9]\nrefused = [9]"), "code 9 stands twice"),
        (("codes = [1, 2]", "codes = [nan, 2], scores = [1, 2]"), "finite number"),
        (("codes = [1, 2]", 'codes = [1, 2], also = [["oui"], ["Oui"]]'), "'Oui' stands for two options"),
        (('labels = ["yes", "no"], codes = [1, 2]', 'from = 5, to = 1, low = "a", high = "b"'), "got -3"),
        (
            ('labels = ["yes", "no"], codes = [1, 2]', 'from = 1, to = 1000000000, low = "a", high = "b"'),
            "2 to 100 points",
        ),
        (_with("[weights]\nwithin_country = ['w']"), "within_country"),
        (_with("[components]\ncolumns = ['A']"), "column 'a' is in components too"),
        (_with("[items]\nA165 = { column = 'a' }"), "column 'a' is in items.A165 too"),
        (_with("[items]\nA008 = { column = 'b', codes = [1, 2] }"), "4 distinct codes"),
        (_with("[items]\nX = { column = 'b' }"), "'X' is in no instrument"),
        (_with("[items]\nY003 = { " + _index("['b']") + " }"), "gives -2 … 1"),
        (_with("[items]\nF063 = { " + _index("['b', 'c']") + " }"), "gives -2 … 2"),
        (_with(f"[items]\nF063 = {{ {AIMS} }}"), "3 options, F063 has 10"),
        (
            _with(f"[items]\nY002 = {{ {AIMS.replace('2]', '1]')} }}"),
            "each code one meaning",
        ),
        (
            _with("[demographics]\nsex = { column = 'b', labels = ['m', 'w'] }"),
            "demographics.sex",
        ),
        (
            _with("[demographics]\nage = { column = 'b', range = [99, 1] }"),
            "range from low to high",
        ),
        (('"Mine"', '""'), "survey.title"),
        (("[survey]", f"a = {'[' * 5000}\n[survey]"), "not valid TOML"),
        (("[survey]", f"{'x.' * 3000}y = 1\n[survey]"), "more than 50 deep"),
        (("[survey]", f"# {'x' * 1_000_001}\n[survey]"), "larger than 1,000,000 bytes"),
        (("[survey]", 'a = "\\u0000"\n[survey]'), "NUL"),
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


def test_a_codebook_is_read_anew_each_time(tmp_path: Path) -> None:
    path = tmp_path / "mine.toml"
    path.write_text(MINIMAL)
    assert load_codebook(str(path)).questions["a"].stored.codes == (1, 2)
    path.write_text(MINIMAL.replace("codes = [1, 2]", "codes = [2, 1]"))
    assert load_codebook(str(path)).questions["a"].stored.codes == (2, 1)


def test_an_index_is_built_in_the_instruments_own_codes(tmp_path: Path) -> None:
    entry = "Y003 = { column = 'index', codes = [1, 2, 3, 4, 5], " + _index("['b', 'c']") + " }"
    (tmp_path / "mine.toml").write_text(MINIMAL.replace(*_with(f"[items]\n{entry}")))
    (tmp_path / "parts.csv").write_text("land,a,b,c,d,e\n276,1,1,1,2,2\n276,1,2,2,1,2\n276,2,9,1,1,1\n")
    (tmp_path / "whole.csv").write_text("land,a,index\n276,1,5\n276,1,2\n276,2,9\n")
    for name in ("parts.csv", "whole.csv"):
        survey = read_survey(tmp_path / name, codebook=tmp_path / "mine.toml")
        frame = value_profiles(survey).frame  # nothing else is known of these respondents
        assert frame["Y003"].tolist() == [2, -1]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (("[items.A008]", "[items.A008]\ncolour = 1"), "colour"),
        (("sign = -1\nmean = 1.91", "sign = 2\nmean = 1.91"), "items.A008.sign"),
        (('axis = "traditional_secular"\nsign = -1', 'axis = "sideways"\nsign = -1'), "items.F063.axis"),
        (("sd = 0.721285851589\n", ""), "items.A008: the map needs"),
        (("sd = 0.721285851589\n", "sd = 0\n"), "items.A008.sd"),
        (("traditional_secular = { slope = 1.61, intercept = -0.1 }", ""), "needs both axes"),
    ],
)
def test_a_faulty_instrument_is_refused_in_one_line(
    change: tuple[str, str], message: str, tmp_path: Path
) -> None:
    sound = (Path(data.__file__).parent / "codebooks" / "instruments" / "inglehart_welzel.toml").read_text()
    assert sound.count(change[0]) == 1
    path = tmp_path / "mine.toml"
    path.write_text(sound.replace(*change))
    with pytest.raises(SurveyError) as caught:
        load_instrument(str(path))
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "name", ["../instruments/schwartz", "/etc/passwd", "", "..", "WVS7", "gone.toml", "a\0b"]
)
def test_only_names_and_toml_files_are_codebooks(name: str) -> None:
    with pytest.raises(SurveyError, match="unknown codebook"):
        load_codebook(name)
    with pytest.raises(SurveyError, match="unknown instrument"):
        load_instrument(name)


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
