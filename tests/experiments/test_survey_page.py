"""The page on a survey: complete, escaped, and honest about a reversed item."""

import json
from html.parser import HTMLParser
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from data import read_survey
from experiments.commands.survey import survey
from experiments.survey_page import gather_facts, render_html
from signatures import SurveyError
from tests.data.surveys import LABELS, frame, write_sav
from tests.data.test_direction import real_looking

APP = typer.Typer()
APP.command()(survey)


def run(*arguments: object) -> tuple[int, str, BaseException | None]:
    done = CliRunner().invoke(APP, [str(argument) for argument in arguments], env={"COLUMNS": "160"})
    return done.exit_code, done.stdout, done.exception


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
        "as the codebook says (labels)",
        "Cultural map: DEU",
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
    labels = {**LABELS, "Q45": {1.0: "Bad", 2.0: "Don't mind", 3.0: "Good"}}
    path = write_sav(real_looking(), tmp_path / "s.sav", labels=labels)
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
    assert isinstance(error, SurveyError)
    assert "cannot be written" in str(error)
