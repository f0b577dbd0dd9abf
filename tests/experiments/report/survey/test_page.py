"""The page on a survey: complete, escaped, and honest about a reversed item."""

import json
import os
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from tests.data.survey.test_direction import real_looking
from tests.data.surveys import LABELS, frame, write_sav
from value_personas.data import read_survey
from value_personas.data.formats import kept
from value_personas.experiments.commands.survey import survey
from value_personas.experiments.report.survey import gather_facts, render_html
from value_personas.signatures import StoreError, SurveyError

APP = typer.Typer()
APP.command()(survey)


def run(*arguments: object) -> tuple[int, str, BaseException | None]:
    done = CliRunner().invoke(APP, [str(argument) for argument in arguments], env={"COLUMNS": "160"})
    return done.exit_code, done.stdout, done.exception


@pytest.fixture(autouse=True)
def _elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The columns that are read are kept in a workspace beside."""
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return write_sav(real_looking(), tmp_path / "s.sav")


def test_the_page_names_what_a_reader_looks_for(path: Path) -> None:
    code, text, _ = run(path)
    assert code == 0
    for expected in (
        "Germany",
        "Kenya",
        "effective n",
        "10 of 10 value items",
        "1–10",
        "agrees, labels",
        "Cultural map:",
        "6 target questions",
        "codebook wvs7",
    ):
        assert expected in text


def test_json_is_one_object_that_agrees_with_the_survey(path: Path) -> None:
    code, text, _ = run(path, "--json", "--country", "KEN")
    assert code == 0
    facts = json.loads(text)
    known = read_survey(path, countries=["KEN"])
    assert [country["code"] for country in facts["countries"]] == ["KEN"]
    assert facts["countries"][0]["effective_size"] == pytest.approx(known.effective_size("KEN"))
    shares = {question["code"]: question["distributions"]["KEN"] for question in facts["questions"]}
    assert shares["Q29"] == pytest.approx(known.distribution("Q29", "KEN").tolist())


def test_a_reversed_item_is_shown_and_then_stops(tmp_path: Path) -> None:
    labels = {name: texts for name, texts in LABELS.items() if name != "Q45"}
    right = real_looking()
    path = write_sav(right.assign(Q45=4 - right["Q45"]), tmp_path / "s.sav", labels=labels)
    code, text, error = run(path)
    assert "REVERSED?" in text
    assert code != 0
    assert isinstance(error, SurveyError)
    assert "--reverse E018" in str(error)
    assert run(path, "--reverse", "E018")[0] == 0
    assert "accepted by you" in run(path, "--accept", "E018")[1]


def test_the_word_synthetic_is_on_the_page(tmp_path: Path) -> None:
    path = write_sav(frame(60, countries=(900,)).assign(SYNTHETIC=1.0), tmp_path / "s.sav")
    facts = gather_facts(read_survey(path))
    assert facts.synthetic
    assert "synthetic" in render_html(facts)


class Tags(HTMLParser):
    """Collects what a browser would load or run."""

    def __init__(self) -> None:
        super().__init__()
        self.names: list[str] = []
        self.sources: list[str] = []
        self.bars = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        values = dict(attrs)
        self.sources += [str(values[name]) for name in ("src", "href") if values.get(name)]
        self.bars += values.get("class") == "bar"


def test_the_html_stands_alone_and_escapes_what_a_file_says(tmp_path: Path) -> None:
    evil = "<script>alert(1)</script>\"'&"
    path = write_sav(
        frame(200), tmp_path / "s.sav", labels={**LABELS, "B_COUNTRY": {276.0: evil, 404.0: "Kenya"}}
    )
    html = tmp_path / "page.html"
    assert run(path, "--html", html)[0] == 0
    text = html.read_text(encoding="utf-8")
    tags = Tags()
    tags.feed(text)
    assert "script" not in tags.names
    assert "&lt;script&gt;" in text
    assert all(source.startswith("data:image/png;base64,") for source in tags.sources)
    assert tags.bars == 12  # six questions in two countries


def test_an_item_takes_one_line_of_eighty_columns(path: Path) -> None:
    done = CliRunner().invoke(APP, [str(path)], env={"COLUMNS": "80"})
    lines = done.stdout.splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("item "))
    codes = [line.split()[0] for line in lines[start + 2 : start + 12]]
    assert codes == ["A008", "A165", "E018", "E025", "F063", "F118", "F120", "G006", "Y002", "Y003"]
    assert len(lines) < 60


@pytest.mark.parametrize(
    "evil", ["[bold]x", "[/nope]", "\x1b[2Jx", "x" * 100_000, "$\\bad$", "中国", "a\nb", "\0x"]
)
def test_what_a_file_says_is_neither_markup_nor_an_order(evil: str, tmp_path: Path) -> None:
    real_looking().assign(B_COUNTRY=evil).to_parquet(tmp_path / "s.parquet")
    code, text, _ = run(tmp_path / "s.parquet", "--html", tmp_path / "s.html")
    assert code == 0
    assert "\x1b" not in text
    assert len(text) < 10_000
    assert evil[:7] in text or not evil.isprintable()
    assert json.loads(run(tmp_path / "s.parquet", "--json")[1])["countries"][0]["respondents"] > 0


def test_a_codebooks_own_words_are_no_markup_either(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        """
survey = { name = "mine", title = "\\u001b[2J [/title]" }
design = { country = ["land"] }
[scales]
yes_no = { labels = ["[/yes]", "no"], codes = [1, 2] }
[questions]
"[/a]" = { column = "a", text = "[/text]", scale = "yes_no", topic = "[/topic]" }
"""
    )
    (tmp_path / "s.csv").write_text("land,a\n276,1\n276,2\n")
    code, text, _ = run(
        tmp_path / "s.csv", "--codebook", tmp_path / "mine.toml", "--html", tmp_path / "s.html"
    )
    assert code == 0
    assert "[/topic]" in text
    assert "\x1b" not in text


def test_a_second_look_reads_the_kept_columns_and_says_the_same(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = tmp_path / "w"
    first = run(path, "--json", "--workspace", place)
    assert first[0] == 0
    assert list((place / "columns").glob("*.parquet"))
    monkeypatch.setattr(kept, "read_columns", None)
    assert run(path, "--json", "--workspace", place) == first


def test_a_terminal_without_the_signs_gets_the_page(path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "value_personas.experiments.cli", "survey", str(path)],
        env={**os.environ, "PYTHONIOENCODING": "ascii"},
        capture_output=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert b"10 of 10 value items" in done.stdout


def test_a_country_that_was_not_asked_an_item_is_left_off_the_map(tmp_path: Path) -> None:
    table = real_looking()
    table.loc[table["B_COUNTRY"] == 404, "Q164"] = -4.0
    code, text, _ = run(write_sav(table, tmp_path / "s.sav"), "--json")
    assert code == 0
    facts = json.loads(text)
    assert [point["country"] for point in facts["cultural_map"]] == ["DEU"]
    assert "Not on the cultural map, for want of answers: KEN (F063)." in facts["notes"]


def test_questions_that_lost_their_labels_are_marked(tmp_path: Path) -> None:
    labels = {**LABELS, "Q29": {-1.0: "Don't know"}, "Q1": {-1.0: "Don't know"}}
    path = write_sav(real_looking(), tmp_path / "s.sav", labels=labels)
    text = run(path)[1]
    assert "Q1?" in text
    assert "Q29?" in text
    assert "Nothing tells which way round Q1, Q29 are stored" in text
    settled = json.loads(run(path, "--json", "--reverse", "Q29", "--accept", "Q1")[1])
    assert not any(question["unverified"] for question in settled["questions"])


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (("--html", "data.csv"), "ends in .html"),
        (("--draft-codebook", "data.csv"), "ends in .toml"),
        (("--draft-codebook", "mine.toml"), "exists already"),
    ],
)
def test_no_file_is_written_over(
    options: tuple[str, str], message: str, path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("data.csv", "mine.toml"):
        Path(name).write_text("precious")
    _, _, error = run(path, *options)
    assert isinstance(error, SurveyError)
    assert message in str(error)
    assert Path(options[1]).read_text() == "precious"


def test_a_draft_is_of_one_file(path: Path, tmp_path: Path) -> None:
    _, _, error = run(path, path, "--draft-codebook", tmp_path / "d.toml")
    assert isinstance(error, SurveyError)
    assert not (tmp_path / "d.toml").exists()


def test_a_draft_is_written_and_read(path: Path, tmp_path: Path) -> None:
    draft = tmp_path / "draft.toml"
    code, text, _ = run(path, "--draft-codebook", draft)
    assert code == 0
    assert text == ""
    assert run(path, "--codebook", draft, "--json")[0] == 0


@pytest.mark.parametrize("option", [("--weight", "best"), ("--codebook", "none"), ("--country", "Atlantis")])
def test_bad_options_are_one_line(option: tuple[str, str], path: Path) -> None:
    code, _, error = run(path, *option)
    assert code != 0
    assert isinstance(error, SurveyError)


def test_an_unwritable_target_is_named(path: Path, tmp_path: Path) -> None:
    _, _, error = run(path, "--html", tmp_path / "no" / "page.html")
    assert isinstance(error, StoreError)
    assert "cannot be written" in str(error)
