"""A search finds what was planted, claims nothing where nothing is, and goes on where it stopped."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar

from tests.builders import new_database
from tests.fake_engines import RuleEngine, letters
from tests.fake_server import FakeServer
from tests.forked import Forked
from value_personas import Recipe, data, load_recipe, run
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.optuna_study.study import open_study
from value_personas.experiments.progress.reporter import Silent
from value_personas.experiments.recipe.loading import varied
from value_personas.experiments.search import SearchResult, search
from value_personas.experiments.search.evaluation import Evaluator
from value_personas.experiments.search.search import RecipeProblem, _folds
from value_personas.experiments.workspace.folders import Workspace
from value_personas.signatures import RecipeError, StoreError

COUNTRIES = tuple(f"XN{letter}" for letter in "ABCDEFGH")

SMALL = (
    "survey.respondents=150",
    "profiles.n=10",
    'questions.include=["Q1", "Q29", "Q71", "Q171"]',
    "scoring.persona_draws=2",
)
TEMPERATURE = "search.space={calibration={temperature={low=1.0, high=8.0, log=true}}}"


def small(workspace: Path, *settings: str) -> Recipe:
    return load_recipe("search", [*SMALL, f"workspace={workspace}", TEMPERATURE, *settings])


@pytest.fixture(scope="module")
def found(tmp_path_factory: pytest.TempPathFactory) -> SearchResult:
    return search(small(tmp_path_factory.mktemp("search"), "search.trials=8"))


def test_the_best_is_better_in_training_and_judged_on_countries_never_seen(found: SearchResult) -> None:
    (training,) = found.training.to_dict("records")
    assert training["chosen"] < training["original"]
    (judged,) = found.judged.to_dict("records")
    assert judged["cells"] == 4 * len(found.held_out)
    assert judged["difference"] == pytest.approx(judged["chosen"] - judged["original"], abs=1e-12)
    assert judged["lower"] < judged["difference"] < judged["upper"]


def test_held_out_countries_enter_no_trial(found: SearchResult, tmp_path: Path) -> None:
    recipe = varied(found.recipe, {"search": None})
    with Fieldwork(Workspace.open(found.recipe.workspace), print) as field:
        evaluate = Evaluator(field, Silent(), found.method, ("wasserstein",))
        training = [code for code in COUNTRIES if code not in found.held_out]
        by_fold = [evaluate(recipe, fold) for fold in _folds(training)]
    own = np.mean([one.losses["wasserstein"] for one in by_fold])
    assert found.training["original"].iloc[0] == pytest.approx(own, abs=1e-12)
    assert not {country for one in by_fold for country in one.cells["country"]} & set(found.held_out)


def test_the_same_search_has_nothing_left_and_another_space_is_another_study(found: SearchResult) -> None:
    again = search(found.recipe)
    assert again.study == found.study
    assert len(again.trials) == len(found.trials)
    assert again.best == found.best
    other = search(varied(found.recipe, {"search.trials": 1, "search.objectives": ("rps",)}))
    assert other.study != found.study


def test_more_trials_go_on_and_ask_nothing_anew(found: SearchResult) -> None:
    more = search(varied(found.recipe, {"search.trials": 10}))
    assert more.study == found.study
    finished = more.trials["state"].isin(["complete", "pruned"])
    assert finished.sum() == 10


def test_a_study_named_by_hand_mixes_no_two_searches(tmp_path: Path) -> None:
    def opened(seed: int) -> None:
        recipe = small(tmp_path, 'search.study="mine"', f"seed={seed}")
        assert recipe.search is not None
        open_study(RecipeProblem(recipe, recipe.search, [COUNTRIES], None), tmp_path, 0)  # type: ignore[arg-type]

    opened(1)
    with pytest.raises(StoreError, match="another search space"):
        opened(2)


def test_an_instrument_without_a_map_has_no_distance_on_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    plain = replace(data.load_instrument("inglehart-welzel"), map_lines={})
    monkeypatch.setattr(data, "load_instrument", lambda *_: plain)
    with pytest.raises(RecipeError, match="has no map, so there is no map_distance"):
        search(small(tmp_path, 'search.objectives=["map_distance"]'), progress=False)


def test_two_objectives_draw_a_front(tmp_path: Path) -> None:
    told = search(small(tmp_path, "search.trials=4", 'search.objectives=["wasserstein", "variance_ratio"]'))
    assert (told.folder / "pareto_front.png").stat().st_size > 5000
    assert told.training["objective"].tolist() == ["wasserstein", "variance_ratio"]
    assert told.judged["score"].tolist() == ["wasserstein", "variance_ratio"]
    json.loads(told.to_json())


@pytest.mark.slow
def test_what_lies_nearer_on_the_cultural_map_is_chosen_and_judged_by_it(tmp_path: Path) -> None:
    """Told half of the items, personas lie where the other half is guessed: telling them all is planted."""
    half = 'profiles.items="traditional-secular"'
    space = 'search.space={profiles={items=["traditional-secular", "all"]}}'
    told = [half, space, 'search.objectives=["map_distance"]', "search.trials=3", f"workspace={tmp_path}"]
    told += ['personas=["country", "values-hedged"]', "search.method=values-hedged"]
    found = search(load_recipe("search", [*SMALL, *told]), progress=False)
    assert found.best == {"profiles.items": "all"}
    (judged,) = found.judged.to_dict("records")
    assert (judged["score"], judged["cells"]) == ("map_distance", len(found.held_out))
    where = [f"workspace={tmp_path}", *SMALL, "cultural_map.ask=true", 'personas=["values-hedged"]']
    where.append(f"survey.countries={json.dumps(found.held_out)}")
    for setting, kept in ((half, "original"), ('profiles.items="all"', "chosen")):
        places = pd.read_parquet(
            run(load_recipe("search", [*where, setting]), progress=False).folder / "map.parquet"
        ).set_index(["method", "country"])
        away = places.loc["values-hedged"] - places.loc["human"]
        assert judged[kept] == pytest.approx(np.sqrt((away**2).sum(axis=1)).mean(), abs=1e-9)


def test_what_cannot_be_is_said_before_anything_is_asked(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"has no \[search\] table"):
        search(load_recipe("quickstart", [f"workspace={tmp_path}"]))
    with pytest.raises(RecipeError, match=r"unknown key profiles\.m"):
        search(small(tmp_path, "search.space={profiles={m=[1, 2]}}"))
    with pytest.raises(RecipeError, match=r"cost needs respondent\.prices"):
        search(small(tmp_path, 'search.objectives=["cost"]'))
    with pytest.raises(RecipeError, match="no row 'nobody'"):
        search(small(tmp_path, "search.method=nobody"))
    with pytest.raises(RecipeError, match=r"no such objective; there are .*map_distance"):
        small(tmp_path, 'search.objectives=["distance"]')


@pytest.mark.parametrize(
    ("countries", "folds"),
    [
        (["SWE", "NOR", "JPN", "CHN", "USA"], [{"SWE", "NOR"}, {"JPN", "CHN"}, {"USA"}]),
        (["XNA", "XNB"], [{"XNA"}, {"XNB"}]),
    ],
)
def test_zones_stay_whole_in_folds(countries: list[str], folds: list[set[str]]) -> None:
    dealt = [set(fold) for fold in _folds(countries)]
    assert sorted(map(sorted, dealt)) == sorted(map(sorted, folds))


DRIVER = "import sys; from value_personas import load_recipe, search; "
DRIVER += "search(load_recipe('search', sys.argv[1:]), progress=False)"
"""A search in a process of its own."""


@pytest.mark.slow
def test_two_processes_at_one_study_repeat_no_call_and_stop_together(tmp_path: Path) -> None:
    engine = RuleEngine(letters)
    with FakeServer(engine=engine) as server:
        settings = [
            *(SMALL[0], SMALL[2], f"workspace={tmp_path}", 'personas=["country", "values-verbatim"]'),
            *("respondent.lm=openai/m", f"respondent.base_url={server.url}", "respondent.parameters={}"),
            *("respondent.deployment=one", "search.trials=8", "search.method=values-verbatim"),
            "search.space={profiles={n=[4, 6, 8, 12]}, respondent={offer_dont_know=[true, false]}}",
        ]
        told = tmp_path / "told"
        running = [Forked(DRIVER, settings, told) for _ in range(2)]
        assert [process.wait() for process in running] == [0, 0], told.read_text()
        asked = [(r.system, r.messages[-1].text, r.config.seed, r.config.logprobs) for r in engine.requests]
        assert len(set(asked)) == len(asked) == server.calls > 500
        found = search(load_recipe("search", settings), progress=False)
        assert server.calls == len(asked)
    ended = found.trials["state"].isin(["complete", "pruned"]).sum()
    assert 8 <= ended <= 9  # the last ones of the two may have been on their way at once


@pytest.mark.slow
def test_two_processes_at_one_study_in_postgresql_choose_the_same(tmp_path: Path) -> None:
    with new_database() as url:
        settings = [*SMALL, TEMPERATURE, "search.trials=10", f"search.storage={url}"]
        code = DRIVER.replace("search(load", "print(search(load").replace("False)", "False).best)")
        places = [tmp_path / "one", tmp_path / "two"]
        told = [tmp_path / "one.txt", tmp_path / "two.txt"]
        running = [
            Forked(code, [f"workspace={place}", *settings], one, tmp_path / "complained")
            for place, one in zip(places, told, strict=True)
        ]
        assert [process.wait() for process in running] == [0, 0], (tmp_path / "complained").read_text()
        (best,) = {one.read_text() for one in told}
        found = search(load_recipe("search", [f"workspace={places[0]}", *settings]), progress=False)
    assert str(found.best) == best.strip()
    assert 10 <= found.trials["state"].isin(["complete", "pruned"]).sum() <= 11


PLANTED = (
    *("survey.respondents=300", "profiles.n=20", "search.trials=40"),
    'questions.include=["Q1", "Q29", "Q71", "Q106", "Q171", "Q185"]',
)


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_a_planted_setting_is_found_within_forty_trials(tmp_path: Path, seed: int) -> None:
    """The embedded respondent's answers vary too little: some T undoes that, found here by Brent's method."""
    recipe = load_recipe("search", [*PLANTED, f"workspace={tmp_path}", TEMPERATURE, f"seed={seed}"])
    found = search(recipe)
    training = [code for code in COUNTRIES if code not in found.held_out]
    with Fieldwork(Workspace.open(recipe.workspace), print) as field:
        evaluate = Evaluator(field, Silent(), found.method, ("wasserstein",))
        plain = varied(recipe, {"search": None})

        def loss(log_temperature: float) -> float:
            tried = varied(plain, {"calibration.temperature": float(np.exp(log_temperature))})
            return float(np.mean([evaluate(tried, fold).losses["wasserstein"] for fold in _folds(training)]))

        least = minimize_scalar(loss, bounds=(0.0, np.log(8.0)), method="bounded", options={"xatol": 0.02})
    assert abs(np.log(found.best["calibration.temperature"]) - least.x) < 0.15
    assert found.training["chosen"].iloc[0] <= least.fun * 1.01


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1, 2])
def test_where_nothing_is_planted_no_gain_is_claimed(tmp_path: Path, seed: int) -> None:
    """Least label masses between which no answer lies: every setting is the recipe as it stood."""
    space = "search.space={respondent={elicitation={min_label_mass=[0.05, 0.1, 0.15, 0.2]}}}"
    recipe = load_recipe(
        "search", [*PLANTED, f"workspace={tmp_path}", space, f"seed={seed}", "search.trials=8"]
    )
    found = search(recipe)
    assert not found.claims_gain
