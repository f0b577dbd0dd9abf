"""What is no answer is not kept as one: nothing estimated is said and an error, and it can be asked again."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from tests.fake_server import FakeServer
from value_personas.experiments.cli import _app
from value_personas.experiments.recipe.loading import load_recipe
from value_personas.experiments.report import read_material, write_report
from value_personas.experiments.run.pipeline import run
from value_personas.experiments.run.stored import newest, read_run, run_folders
from value_personas.signatures import MissingReason

SMALL = (
    "survey.respondents=200",
    'survey.countries=["XNA", "XNB"]',
    "profiles.n=3",
    'questions.include=["Q29", "Q185"]',
    'personas=["none"]',
    "scoring.draws=100",
    "scoring.floor_draws=20",
    "scoring.persona_draws=0",
    "respondent.elicitation.draws=2",
    "respondent.lm=openai/m",
    "respondent.deployment=here",
)


def overrides(workspace: Path, url: str) -> list[str]:
    return [*SMALL, f"workspace={workspace}", f"respondent.base_url={url}"]


def test_a_run_that_estimates_nothing_says_why_and_can_be_asked_again(tmp_path: Path) -> None:
    with FakeServer(quirks=["thinks-only"]) as server:
        settings = [part for o in overrides(tmp_path, server.url) for part in ("--set", o)]
        first = CliRunner().invoke(_app(), ["run", "quickstart", *settings])
        assert first.exit_code == 1, first.output
        assert "nothing was estimated" in first.output
        assert "reasoning_only" in first.output
        assert "respondent.elicitation.max_tokens" in first.output
        calls = server.calls
        again = CliRunner().invoke(_app(), ["run", "quickstart", *settings])
        assert again.exit_code == 1
        assert server.calls == calls
        kept = "note: missing by replies that are kept: none 40 reasoning_only; --ask-again REASON asks"
        for output in (first.output, again.output):  # of both alike: what was just asked is kept as well
            assert kept in " ".join(output.split())
    with FakeServer() as server:
        recipe = load_recipe("quickstart", overrides(tmp_path, server.url))
        assert run(recipe).nothing
        assert server.calls == 0
        result = run(recipe, again=[MissingReason.REASONING_ONLY])
        assert result.nothing is None
        assert server.calls > 0
        assert sum(result.missing["none"].values()) == 0


def test_a_reason_that_is_none_is_refused() -> None:
    result = CliRunner().invoke(_app(), ["run", "quickstart", "--ask-again", "bad"])
    assert "no reason" in str(result.exception)


@pytest.mark.parametrize("reason", list(MissingReason))
def test_every_reason_has_a_setting_to_change(reason: MissingReason) -> None:
    from value_personas.experiments.run.outcome import _WHAT_TO_SET

    assert _WHAT_TO_SET[reason]


def test_what_is_not_known_of_a_single_cell_is_not_explained(tmp_path: Path) -> None:
    settings = [*SMALL[:2], 'survey.countries=["XNA"]', 'questions.include=["Q29"]', f"workspace={tmp_path}"]
    words = [part for one in settings for part in ("--set", one)]
    done = CliRunner().invoke(_app(), ["run", "quickstart", *words])
    assert done.exit_code == 0, done.output
    told = " ".join(done.output.split())
    assert "means over 1 cell; lower is better" in told
    assert "within" not in told
    assert "worth in people: so many respondents" in told  # known even here
    assert "note: one country and one question: there are no intervals" in told
    assert "% interval" not in told
    assert "–––" not in told
    result = read_run(newest(run_folders(tmp_path / "runs")))
    assert not result.has_intervals
    assert "[nan" not in result._repr_html_()
    page = write_report(read_material(result.folder, tmp_path), result.folder).page.read_text("utf-8")
    said, heading, _ = page.partition('<section id="glossary"')
    assert heading
    assert "Means over 1 cell that all ranked methods have; lower is better" in said
    assert "95 % interval" not in said
