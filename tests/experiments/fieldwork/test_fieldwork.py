"""What runs share while they go on side by side."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import CancelledError
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from tests.experiments.small_runs import SMALL
from tests.experiments.tuning import tunings
from tests.fake_server import FakeServer
from value_personas import data, load_recipe
from value_personas.experiments.audit import run_audit
from value_personas.experiments.fieldwork.asking import open_panels
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import prepare
from value_personas.experiments.progress.reporter import Silent
from value_personas.experiments.recipe.recipe import Recipe
from value_personas.experiments.report.personas.inspect import inspect_personas
from value_personas.experiments.run.pipeline import run
from value_personas.experiments.shapley.shapley import shapley
from value_personas.experiments.sweep.sweep import sweep
from value_personas.experiments.tuning.tune import tune
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs.engines import nobody
from value_personas.programs.engines.synthetic import SyntheticRespondent
from value_personas.signatures import EngineError, Persona, RecipeError, ValuePersonasError


@pytest.fixture
def field(tmp_path: Path) -> Fieldwork:
    return Fieldwork(Workspace.open(tmp_path), nobody)


def test_equal_settings_are_one_model_whatever_stands_beside_them(field: Fieldwork) -> None:
    recipe = load_recipe(None, ["respondent.option_order=both"])
    with field:
        assert field.model(recipe.respondent) is field.model(load_recipe().respondent)
        assert field.model(recipe.writer) is field.model(recipe.respondent)
        other = load_recipe(None, ["respondent.max_calls=3"])
        assert field.model(other.respondent) is not field.model(recipe.respondent)


def test_who_wants_what_is_being_read_waits_for_it_and_others_do_not(field: Fieldwork) -> None:
    reading, read = threading.Event(), []

    def slowly() -> str:
        reading.wait(10)
        read.append("survey")
        return "survey"

    found: list[str] = []
    threads = [threading.Thread(target=lambda: found.append(field.once("a", slowly))) for _ in range(3)]
    for thread in threads:
        thread.start()
    assert field.once("b", lambda: "other") == "other"
    reading.set()
    for thread in threads:
        thread.join(10)
    assert (found, read) == (["survey"] * 3, ["survey"])


def test_what_failed_to_be_read_is_tried_again(field: Fieldwork) -> None:
    def fails() -> str:
        raise RecipeError("no such file")

    with pytest.raises(RecipeError):
        field.once("a", fails)
    assert field.once("a", lambda: "there now") == "there now"


def test_a_survey_is_read_and_people_are_drawn_once_for_equal_settings(tmp_path: Path) -> None:
    small = [f"workspace={tmp_path}", "survey.respondents=60", "profiles.n=5", 'questions.include=["Q29"]']
    field = Fieldwork(Workspace.open(tmp_path), nobody)
    first = prepare(field, load_recipe(None, small))
    again = prepare(field, load_recipe(None, [*small, "respondent.lm=openai/m", "scoring.draws=500"]))
    assert again.survey is first.survey
    assert again.populations is first.populations
    more = prepare(field, load_recipe(None, [*small, "profiles.n=6"]))
    assert more.profiles is first.profiles
    assert [len(s.people) for s in more.populations.samples] == [6] * len(first.survey.countries)
    assert prepare(field, load_recipe(None, small), kinds=()).populations.samples == ()
    assert not (tmp_path / "answers.db").exists()  # nobody was asked


def test_people_are_drawn_once_whatever_becomes_of_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[str] = []

    def counted(profiles: data.ProfileTable, country: str, *how: Any, **more: Any) -> data.ProfileSample:
        drawn.append(country)
        return sample_profiles(profiles, country, *how, **more)

    sample_profiles = data.sample_profiles
    monkeypatch.setattr(data, "sample_profiles", counted)
    cells = {
        "as it is": [],
        "another kind": ['personas=["values-unhedged"]'],
        "one axis": ['profiles.items="traditional-secular"'],
        "another text": ['persona_text.order="shuffled"'],
    }
    with Fieldwork(Workspace.open(tmp_path), nobody) as shared:
        ready = {name: prepare(shared, load_recipe("quickstart", [*SMALL, *o])) for name, o in cells.items()}
        countries = ready["as it is"].survey.countries
        assert sorted(drawn) == sorted(countries)
        prepare(shared, load_recipe("quickstart", [*SMALL, "profiles.n=7"]))
        assert sorted(drawn) == sorted((*countries, *countries))
    told = [one.populations.samples[0].people[0].weight for one in ready.values()]
    assert len(set(told)) == 1
    assert len(ready["one axis"].populations.items) < len(ready["as it is"].populations.items)


def test_asking_is_waited_for_under_a_running_loop(field: Fieldwork) -> None:
    async def answer() -> int:
        await asyncio.sleep(0)
        return 1

    async def in_a_notebook() -> int:
        return field.wait(answer())

    assert asyncio.run(in_a_notebook()) == 1


def test_a_stop_cancels_what_is_in_flight_and_waits_until_it_has_cleaned_up(field: Fieldwork) -> None:
    began, ended = threading.Event(), threading.Event()

    async def ask() -> None:
        began.set()
        try:
            await asyncio.sleep(60)
        finally:
            await asyncio.sleep(0.05)
            ended.set()

    def stop() -> None:
        began.wait(10)
        field.stop()

    stopper = threading.Thread(target=stop)
    stopper.start()
    with pytest.raises(CancelledError):
        field.wait(ask())
    assert ended.is_set()
    stopper.join(10)
    began.clear()
    with pytest.raises(CancelledError):
        field.wait(ask())
    assert field.stopped


def test_how_to_ask_is_found_out_on_the_longest_page(tmp_path: Path) -> None:
    """Five alternatives suffice for four options, and lose every question of ten."""
    with FakeServer(engine=SyntheticRespondent(), quirks=["five-alternatives"]) as server:
        where = [f"workspace={tmp_path}", "respondent.lm=openai/m", f"respondent.base_url={server.url}"]
        recipe = load_recipe(None, [*SMALL, *where])
        persona = Persona("none", "You are a person.", 1.0, "")
        with Fieldwork(Workspace.open(tmp_path), nobody) as field:
            asking, model = prepare(field, recipe).asking, field.model(recipe.respondent)
            assert [len(question.scale) for question in asking.questions] == [4, 10]
            panels, why = field.wait(open_panels(asking, model, {"none": (persona,)}))
    assert panels["none"].respondent.elicitation.name == "sampled"
    assert "truncated" in why


class Noting(Silent):
    """Remembers its notes, and ends what it watches at the one that is awaited."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)
        if "it refuses temperature: sent without" in text:
            raise EngineError("enough")


WATCHED: dict[str, Callable[[Recipe, Noting], object]] = {
    "run": run,
    "audit": run_audit,
    "tune": tune,
    "shapley": shapley,
    "inspect": lambda recipe, watching: inspect_personas(recipe, answers=True, progress=watching),
    "sweep": lambda recipe, watching: sweep(recipe, progress=watching),
}


@pytest.mark.parametrize("study", WATCHED)
def test_whoever_watches_a_study_is_told_what_a_server_refuses(study: str, tmp_path: Path) -> None:
    """As of a server that is waited for: one line of the model's own, whatever asks it."""
    tuning = [*tunings.SMALL, "tuning.budget_calls=40", "respondent.parameters={}"]
    own = {"tune": tuning, "sweep": ["sweep.grid.seed=[0]"]}.get(study, [])
    with FakeServer(quirks=["no-temperature"]) as server:
        where = [f"workspace={tmp_path}", "respondent.lm=openai/m", f"respondent.base_url={server.url}"]
        writer = [] if study == "tune" else ['descriptors.frozen="reference"']
        recipe = load_recipe("tune" if study == "tune" else None, [*SMALL, *where, *writer, *own])
        watching = Noting()
        with suppress(ValuePersonasError):
            WATCHED[study](recipe, watching)
    assert any("it refuses temperature: sent without" in note for note in watching.notes)
