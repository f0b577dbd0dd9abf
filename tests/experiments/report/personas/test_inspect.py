"""Single personas as a person sees them: the model's own text, its sources, and nothing executed."""

import json
import sys
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from value_personas import load_recipe
from value_personas.experiments.cli import main
from value_personas.experiments.report.personas import Inspection, inspect_personas, render_html
from value_personas.signatures import RecipeError

SMALL = ("survey.respondents=150", "profiles.n=10", 'questions.include=["Q29", "Q49"]')


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workspace")


def inspect(workspace: Path, kind: str | None = None, country: str = "XNB", **options: object) -> Inspection:
    personas = 'personas=["country", "values-hedged", "values-verbatim"]'
    recipe = load_recipe(None, [f"workspace={workspace}", *SMALL, personas])
    return inspect_personas(recipe, country, kind, **options)  # type: ignore[arg-type]


def test_a_persona_is_shown_with_all_that_it_was_made_from(workspace: Path) -> None:
    found = inspect(workspace, "values-hedged", answers=True)
    assert len(found.personas) == 3
    assert found.country == "Elmenreach"
    for persona in found.personas:
        assert persona.user.startswith(persona.text)
        assert persona.text.splitlines()[1:] == [f"- {s.stated}" for s in persona.source]
        assert [line.question for line in persona.answers] == ["Q29", "Q49"]
        assert sum(persona.answers[0].probabilities) == pytest.approx(1.0)
    assert "synthetic respondent and population" in found.title


def test_verbatim_personas_state_the_answers_themselves(workspace: Path) -> None:
    found = inspect(workspace)
    assert found.personas[0].kind == "values-verbatim"
    assert {line.stated for line in found.personas[0].source} == {""}
    assert found.personas[0].answers == ()


def test_personas_without_values_have_no_source(workspace: Path) -> None:
    found = inspect(workspace, "country", "Elmenreach", n=99)
    assert (len(found.personas), found.of) == (10, 10)
    assert all(persona.source == () for persona in found.personas)


def test_an_unknown_country_or_kind_is_one_clear_line(workspace: Path) -> None:
    with pytest.raises(RecipeError, match="'Atlantis' is not in the survey; it holds XNA"):
        inspect(workspace, country="Atlantis")
    with pytest.raises(RecipeError, match="'marginal' is not in the recipe; it has country"):
        inspect(workspace, "marginal")


class _Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_sets_source_and_answers_side_by_side_and_runs_nothing(workspace: Path) -> None:
    found = inspect(workspace, "values-hedged", answers=True)
    evil = "<script>alert('x')</script>"
    first = found.personas[0]
    source = (replace(first.source[0], text=evil, stated=evil, answer=evil), *first.source[1:])
    answers = (replace(first.answers[0], text=evil, labels=(evil,) * 4), *first.answers[1:])
    altered = replace(first, text=evil, user=evil, system=evil, source=source, answers=answers)
    page = _Tags()
    page.feed(render_html(replace(found, title=evil, personas=(altered, *found.personas[1:]))))
    assert "script" not in page.tags
    assert page.text.count(evil) >= 9
    assert found.personas[1].source[0].stated in page.text
    assert page.tags.count("section") == 3


def test_the_command_prints_json_and_writes_the_page(
    workspace: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    html = tmp_path / "p.html"
    settings = [word for setting in SMALL for word in ("--set", setting)]
    command = ["value-personas", "inspect", "persona", "--country", "XNA", "-n", "2", "--json"]
    monkeypatch.setattr(
        sys, "argv", [*command, "--html", str(html), "--workspace", str(workspace), *settings]
    )
    with pytest.raises(SystemExit) as stopped:
        main()
    assert stopped.value.code == 0
    told = json.loads(capsys.readouterr().out)
    assert len(told["personas"]) == 2
    assert "<section>" in html.read_text(encoding="utf-8")
