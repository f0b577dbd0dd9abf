"""Every guide, followed as it is written."""

import re
from pathlib import Path

import pandas as pd
import pyreadstat
import pytest

from tests.experiments.guides.pages import FOLDER, Follower, commands_of

SHARED = Path(__file__).parents[4] / "shared" / "surveys"


@pytest.fixture
def follower(tmp_path: Path) -> Follower:
    return Follower(tmp_path)


def test_every_guide_is_listed_and_followed() -> None:
    pages = {path.name for path in FOLDER.glob("*.md")} - {"README.md"}
    listed = set(re.findall(r"\]\(([\w-]+\.md)\)", (FOLDER / "README.md").read_text(encoding="utf-8")))
    assert pages == listed
    here = Path(__file__).read_text(encoding="utf-8")
    assert all(f'"{page}"' in here for page in pages)


def test_the_tutorial_takes_ten_commands_at_most() -> None:
    assert len(commands_of(FOLDER / "tutorial.md")) <= 10


@pytest.mark.slow
def test_a_score_of_ones_own(follower: Follower) -> None:
    run, told = follower.follow(FOLDER / "own-score.md")[1:]
    assert "top" in run
    assert "|q_K − h_K|" in told


@pytest.mark.slow
def test_a_persona_kind_of_ones_own(follower: Follower) -> None:
    shown, run = follower.follow(FOLDER / "own-persona.md")[1:]
    assert "neighbours know each other" in shown or "hardly know your neighbours" in shown
    assert re.search(r"^neighbours +\.\d", run, re.MULTILINE)


@pytest.mark.slow
def test_an_engine_of_ones_own(follower: Follower) -> None:
    checked, run = follower.follow(FOLDER / "own-engine.md")[1:]
    assert "fixed" in checked
    assert re.search(r"^country +\.\d", run, re.MULTILINE)


@pytest.mark.slow
def test_a_survey_of_ones_own(follower: Follower) -> None:
    _write_survey(follower.folder / "own.sav")
    run = follower.follow(FOLDER / "own-codebook.md")[-1]
    assert re.search(r"^country +\.\d", run, re.MULTILINE)


def _write_survey(path: Path) -> None:
    """Four hundred answers of nobody, labelled as an institute would."""
    n = 400
    frame = pd.DataFrame(
        {
            "country": [76.0, 152.0] * (n // 2),
            "weight": [0.5, 1.5, 1.0, 1.0] * (n // 4),
            "trust": [float(1 + i % 4) for i in range(n)],
            "satisfied": [float(1 + (i * 7) % 10) for i in range(n)],
        }
    )
    agree = {
        1.0: "Strongly agree",
        2.0: "Agree",
        3.0: "Disagree",
        4.0: "Strongly disagree",
        9.0: "Don't know",
    }
    pyreadstat.write_sav(
        frame,
        str(path),
        column_labels=[
            "Country",
            "Weight",
            "Most people can be trusted",
            "How satisfied are you with your life",
        ],
        variable_value_labels={
            "country": {76.0: "Brazil", 152.0: "Chile"},
            "trust": agree,
            "satisfied": {1.0: "Completely dissatisfied", 10.0: "Completely satisfied"},
        },
    )


@pytest.mark.slow
@pytest.mark.shared
@pytest.mark.skipif(not SHARED.is_dir(), reason="the real survey files are not here")
def test_the_tutorial_on_a_real_file(follower: Follower) -> None:
    (real,) = SHARED.glob("*Venezuela*.xlsx")
    for line in commands_of(FOLDER / "tutorial.md"):
        if " calibrate " not in line:  # of one country, as the page says
            assert _says_what_is_next(follower.type(line.replace("WVS7.sav", str(real)))), line
    _assert_a_paper(follower.folder / "paper")


@pytest.mark.slow
def test_the_tutorial_on_the_embedded_population(follower: Follower) -> None:
    for line in commands_of(FOLDER / "tutorial.md")[1:]:
        follower.type(
            line.replace("--set survey.path=WVS7.sav", "").replace("recipes wvs", "recipes quickstart")
        )
    _assert_a_paper(follower.folder / "paper")


def _says_what_is_next(printed: str) -> bool:
    return re.search(r"^(next|wrote) .*", printed, re.MULTILINE) is not None


def _assert_a_paper(folder: Path) -> None:
    for name in ("tables/headline.tex", "tables/headline.docx", "figures/headline.pdf", "references.bib"):
        assert (folder / name).stat().st_size > 500
    assert "values-hedged" in (folder / "tables" / "headline.tex").read_text(encoding="utf-8")
