"""One place a change: each kind of thing that people add is added from outside, no file of ours touched.

Persona kinds and engines come as other distributions, through entry points.
"""

from pathlib import Path

import pytest

from tests.experiments.commands.typed import call
from tests.plugins import Plugins
from value_personas.programs.personas import PARTS, known_kinds

SMALL = (
    "survey.respondents=100",
    "profiles.n=4",
    'questions.include=["Q29"]',
    "scoring.draws=100",
    "scoring.floor_draws=20",
    "scoring.persona_draws=0",
)

ZODIAC = """
    from value_personas.programs.personas import Part

    class THING(Part):
        label = "zodiac"
        usual = ("zodiac",)
        what = "the star sign of drawn respondents"
        of_individuals = True

        def lines(self, person, sample, arranged, sources):
            return [f"You were born under sign {person.draws[0] % 12}."]
"""


def sets(*settings: str) -> list[str]:
    return [part for setting in settings for part in ("--set", setting)]


@pytest.mark.slow
def test_a_persona_kind_is_run_shown_and_reported(
    plugins: Plugins, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    plugins.install(PARTS, "zodiac", ZODIAC)
    assert "zodiac" in known_kinds()
    where = ("--workspace", str(tmp_path))
    personas = sets(*SMALL, 'personas=["none", "zodiac", "values-verbatim+zodiac"]', "calibration.kinds=[]")
    assert call(monkeypatch, "run", *where, *personas) == 0
    rows = {line.partition(" ")[0] for line in capsys.readouterr().out.splitlines()}
    assert {"zodiac", "values-verbatim+zodiac"} <= rows
    assert call(monkeypatch, "inspect", "persona", *where, *personas, "--kind", "zodiac") == 0
    assert "You were born under sign" in capsys.readouterr().out
    assert call(monkeypatch, "report", *where, "--to", str(tmp_path / "report")) == 0
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "the star sign of drawn respondents" in page
    assert "in the questionnaire’s words" in page


@pytest.mark.parametrize(
    ("name", "source", "problem"),
    [
        ("values", ZODIAC, "the name is taken already"),
        ("zodiac", "import no_such_module", "cannot be loaded: ModuleNotFoundError"),
        ("zodiac", "class THING: pass", "expected a class that derives from Part"),
    ],
)
def test_a_kind_that_cannot_be_had_is_one_line(
    plugins: Plugins,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    name: str,
    source: str,
    problem: str,
) -> None:
    whose = plugins.install(PARTS, name, source)
    where = ("--workspace", str(tmp_path))
    assert call(monkeypatch, "run", *where, *sets(*SMALL, 'personas=["none", "zodiac"]')) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"of distribution {whose}: {problem}" in line


def test_a_word_that_two_read_is_refused(
    plugins: Plugins, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    plugins.install(PARTS, "values-hedged", ZODIAC)
    assert call(monkeypatch, "run", *sets('personas=["values-hedged"]')) == 2
    assert "ValuesPart and THING both read it" in capsys.readouterr().err
