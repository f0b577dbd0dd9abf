"""One place a change: each kind of thing that people add is added from outside, no file of ours touched.

Persona kinds, engines and optimisers come as other distributions, through entry points; a command as a file
in a folder beside the one of the package; a setting in a model that derives from the recipe.
"""

import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.experiments.commands.typed import call
from tests.experiments.tuning.tunings import tuned
from tests.plugins import Plugins
from value_personas import Recipe, load_recipe
from value_personas.experiments import commands
from value_personas.experiments.commands.approval import is_free
from value_personas.experiments.fieldwork.synthetic import synthetic_parts
from value_personas.experiments.recipe import loading
from value_personas.experiments.recipe.paths import RecipePath
from value_personas.experiments.recipe.tuning import TuningSettings
from value_personas.experiments.run.rerun import require_files
from value_personas.experiments.sweep.cells import Cell
from value_personas.experiments.tracking import input_files
from value_personas.experiments.tuning.budget import need_prices
from value_personas.experiments.tuning.optimizers import OPTIMIZE
from value_personas.programs.engines import ENGINES, EngineSettings, connect
from value_personas.programs.personas import PARTS, known_kinds
from value_personas.signatures import RecipeError

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

YES_MEN = """
    from dspy.lm15 import Message, Response, Usage
    from pydantic import BaseModel
    from value_personas.programs.engines import EngineKind, InProcess

    class Parameters(BaseModel):
        letter: str = "A"

    class THING(EngineKind):
        parameters = Parameters
        is_free = True
        is_synthetic = True

        def __init__(self, model, letter):
            self.identity, self._letter = f"yes-men {model} {letter}", letter

        @classmethod
        def opened(cls, settings, model):
            return InProcess(cls(model, **dict(Parameters(**settings.parameters))))

        def complete(self, request):
            said = Message.assistant(self._letter)
            return Response(id=None, model=request.model, message=said, finish_reason="stop", usage=Usage())
"""


def sets(*settings: str) -> list[str]:
    return [part for setting in settings for part in ("--set", setting)]


_HELP = """
import sys
from value_personas.experiments.cli import main
for words in sys.argv[1:]:
    sys.argv = ["value-personas", *words.split(), "--help"]
    print(f"== {words}", flush=True)
    try:
        main()
    except SystemExit as ended:
        assert not ended.code
"""


def shown_help(*commands: str) -> str:
    """The help of commands, in a process that finds everything that this one does."""
    done = subprocess.run(
        [sys.executable, "-c", _HELP, *commands],
        capture_output=True,
        text=True,
        check=True,
        env=os.environ | {"COLUMNS": "200", "PYTHONPATH": os.pathsep.join(filter(None, sys.path))},
    )
    return done.stdout


def test_help_names_what_other_distributions_add(plugins: Plugins) -> None:
    plugins.install(PARTS, "zodiac", "raise RuntimeError('nothing is executed for its name')")
    plugins.install(ENGINES, "yes-men", "raise RuntimeError('nothing is executed for its name')")
    plugins.install(OPTIMIZE, "idle", "raise RuntimeError('nothing is executed for its name')")
    added = {"inspect persona": "zodiac", "engine check": "yes-men", "tune": "idle"}
    _, *helps = shown_help(*added).split("== ")
    for shown, (command, name) in zip(helps, added.items(), strict=True):
        assert shown.startswith(f"{command}\n")
        assert re.search(rf"\b{name}\b", shown)


@pytest.mark.slow
def test_a_persona_kind_and_an_engine_are_run_shown_and_reported(
    plugins: Plugins, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    plugins.install(PARTS, "zodiac", ZODIAC)
    plugins.install(ENGINES, "yes-men", YES_MEN)
    assert "zodiac" in known_kinds()
    where = ("--workspace", str(tmp_path))
    engine = ("respondent.lm=yes-men/b", "respondent.parameters.letter=B")
    kinds = ('personas=["none", "zodiac", "values-verbatim+zodiac"]', "calibration.kinds=[]")
    personas = sets(*SMALL, *engine, *kinds)
    assert call(monkeypatch, "run", *where, *personas) == 0
    shown = capsys.readouterr().out
    assert "synthetic respondent and population" in shown
    rows = {line.partition(" ")[0] for line in shown.splitlines()}
    assert {"zodiac", "values-verbatim+zodiac"} <= rows
    assert call(monkeypatch, "inspect", "persona", *where, *personas, "--kind", "zodiac") == 0
    assert "You were born under sign" in capsys.readouterr().out
    assert call(monkeypatch, "report", *where, "--to", str(tmp_path / "report")) == 0
    page = (tmp_path / "report" / "report.html").read_text(encoding="utf-8")
    assert "yes-men/b" in page
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


# --- engines -----------------------------------------------------------------------------------------------


def asked_in_tuning(*settings: str) -> tuple[TuningSettings, EngineSettings, None]:
    recipe = load_recipe(None, list(settings))
    return recipe.tuning, recipe.respondent, None


def test_an_engine_says_what_it_takes_costs_and_is(plugins: Plugins) -> None:
    plugins.install(ENGINES, "yes-men", YES_MEN)
    settings = EngineSettings(lm="yes-men/b", parameters={"letter": "B"})
    assert connect(settings).identity == "yes-men b B"
    with pytest.raises(ValueError, match=r"parameters\.leter is not known to yes-men/b; did you mean letter"):
        EngineSettings(lm="yes-men/b", parameters={"leter": "B"})
    assert synthetic_parts("yes-men/b", SimpleNamespace(is_synthetic=False)) == ("respondent",)  # type: ignore[arg-type]
    assert is_free(load_recipe(None, ["respondent.lm=yes-men/b"]).respondent)
    prices = "tuning.proposer.prices={input_per_million=1.0, output_per_million=1.0}"
    priced = ("tuning.budget_cost=1", "tuning.proposer.lm=openai/m", prices)
    need_prices(*asked_in_tuning("respondent.lm=yes-men/b", *priced))
    with pytest.raises(RecipeError, match="needs the price of openai/m"):
        need_prices(*asked_in_tuning("respondent.lm=openai/m", *priced))
    with pytest.raises(RecipeError, match=r"use .*yes-men/ or a name that DSPy knows"):
        connect(EngineSettings(lm="nonsense/b"))


@pytest.mark.parametrize(
    ("name", "source", "problem"),
    [
        ("openai", YES_MEN, "the name is taken already"),
        ("yes-men", "raise RuntimeError('no')", "cannot be loaded: RuntimeError: no"),
        ("yes-men", "class THING: pass", "expected a class that derives from EngineKind"),
        ("yes-men", "THING = 3", "expected an instance of type, got int"),
    ],
)
def test_an_engine_that_cannot_be_had_is_one_line(
    plugins: Plugins,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    name: str,
    source: str,
    problem: str,
) -> None:
    whose = plugins.install(ENGINES, name, source)
    assert call(monkeypatch, "engine", "check", "--lm", "yes-men/b") == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert f"of distribution {whose}: {problem}" in line


# --- optimisers and commands -------------------------------------------------------------------------------


@pytest.mark.slow
def test_an_optimiser_is_checked_and_run(plugins: Plugins, tmp_path: Path) -> None:
    plugins.install(OPTIMIZE, "idle", "def THING(task):\n    return task.student")
    with pytest.raises(RecipeError, match=r"tuning\.optimizer: no such optimiser; there are .*, idle"):
        load_recipe("tune", ["tuning.optimizer=idel"])
    result = tuned(tmp_path, "idle")
    assert result.recipe.tuning.optimizer == "idle"
    assert not result.program.improved


def test_a_file_in_the_folder_of_commands_is_a_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "greet.py").write_text(
        "import typer\n\n\ndef greet(name: str) -> None:\n"
        '    """Say hello from elsewhere."""\n    typer.echo(f\'hello {name}\')\n'
    )
    (tmp_path / "many.py").write_text(
        "import typer\n\napp = typer.Typer(help='Several in one.')\n\n\n"
        "@app.command()\ndef one() -> None:\n    typer.echo('one of many')\n\n\n"
        "@app.command()\ndef two() -> None:\n    typer.echo('two')\n"
    )
    monkeypatch.setattr(commands, "__path__", [*commands.__path__, str(tmp_path)])
    try:
        assert call(monkeypatch, "--help") == 0
        shown = capsys.readouterr().out
        assert "Say hello from elsewhere." in shown
        assert shown.index("│ run ") < shown.index("│ ui ") < shown.index("│ greet ")
        assert shown.index("│ engine ") < shown.index("│ store ") < shown.index("│ many ")
        assert call(monkeypatch, "greet", "you") == 0
        assert call(monkeypatch, "many", "one") == 0
        assert capsys.readouterr().out == "hello you\none of many\n"
    finally:
        for name in ("greet", "many"):
            sys.modules.pop(f"{commands.__name__}.{name}", None)


# --- settings that name files ------------------------------------------------------------------------------


class Longer(Recipe):
    """A recipe with one setting more, as a line in ours would add it."""

    notes: RecipePath | None = None


def test_a_setting_that_names_a_file_is_looked_after_everywhere(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """It is written down nowhere but in the model: a recipe with one setting more stands in for ours."""
    monkeypatch.setattr(loading, "Recipe", Longer)
    file = tmp_path / "notes.txt"
    file.write_text("first")
    (tmp_path / "mine.toml").write_text('notes = "notes.txt"\n')
    with pytest.raises(RecipeError, match="unknown key note; did you mean notes"):
        load_recipe(tmp_path / "mine.toml", ["note=x"])
    recipe = load_recipe(tmp_path / "mine.toml")
    assert recipe.flat()["notes"] == str(file)
    nothing_read: Any = SimpleNamespace(sources=())
    (recorded,) = input_files(recipe.named_files(), nothing_read)
    assert (recorded.key, recorded.path) == ("notes", str(file))
    before = Cell({}, recipe, "").key
    file.write_text("second")
    assert Cell({}, recipe, "").key != before
    require_files(recipe.named_files())
    file.unlink()
    with pytest.raises(RecipeError, match=r"the file of notes of this run is not there; .* --set notes=FILE"):
        require_files(recipe.named_files())
