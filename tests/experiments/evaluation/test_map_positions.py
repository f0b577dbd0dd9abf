"""The cultural map of a run: people where the survey puts them, models where their answers do."""

from pathlib import Path

import pandas as pd
import pytest

from tests.experiments.small_runs import DRAWN
from tests.fake_server import FakeServer
from value_personas import RunResult, data, load_recipe, run
from value_personas.experiments.fieldwork.rehearsal import Estimate
from value_personas.signatures import RecipeError

THREE = (*DRAWN, 'personas=["none", "values-hedged", "values-verbatim"]')
AXES = ["survival_self_expression", "traditional_secular"]


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    settings = ("profiles.design=all", 'cultural_map.kinds=["none", "values-verbatim"]')
    workspace = tmp_path_factory.mktemp("map")
    return run(load_recipe("quickstart", [f"workspace={workspace}", *THREE, *settings]))


def positions(result: RunResult, method: str) -> pd.DataFrame:
    table = pd.read_parquet(result.folder / "map.parquet")
    return table[table["method"] == method].set_index("country")[AXES]


def test_people_lie_where_their_profiles_put_them(finished: RunResult) -> None:
    (path,) = (finished.recipe.workspace / "synthetic").glob("*.sav")
    profiles = data.value_profiles(data.read_survey(path))
    pd.testing.assert_frame_equal(
        positions(finished, "human"), data.cultural_map(profiles).set_index("country")
    )


def test_stated_values_are_carried_and_unstated_ones_are_not(finished: RunResult) -> None:
    people, stated, told_nothing = (positions(finished, m) for m in ("human", "values-verbatim", "none"))
    assert (stated - people).abs().to_numpy().max() < 0.5
    assert told_nothing.nunique().tolist() == [1, 1]
    assert set(pd.read_parquet(finished.folder / "map.parquet")["method"]) == {
        "human",
        "none",
        "values-verbatim",
    }


def test_the_items_are_never_scored(finished: RunResult) -> None:
    assert set(finished.scores["question"]) == {"Q29", "Q185"}
    assert set(finished.estimates["question"]) == {"Q29", "Q185"}


def test_their_calls_are_counted_before_they_are_made(tmp_path: Path) -> None:
    with FakeServer() as server:
        where = (f"workspace={tmp_path}", "respondent.lm=openai/m", f"respondent.base_url={server.url}")
        settings = [*where, *THREE, "descriptors.lm.lm=synthetic/respondent", 'personas=["none"]']
        seen: list[Estimate] = []
        run(load_recipe("quickstart", [*settings, "cultural_map.ask=false"]))
        result = run(load_recipe("quickstart", settings), approve=seen.append)
    assert seen[0].calls == result.usage["calls"] == 10 * 10  # ten neutral wordings, ten items
    assert result.scores["question"].nunique() == 2


def test_an_instrument_without_a_map_is_refused_before_anything_is_asked(tmp_path: Path) -> None:
    with FakeServer() as server:
        where = (f"workspace={tmp_path}", "respondent.lm=openai/m", f"respondent.base_url={server.url}")
        recipe = load_recipe("quickstart", [*where, *THREE])
        own = tmp_path / "own.toml"
        text = (Path(data.__file__).parent / "codebooks" / "instruments" / "inglehart_welzel.toml").read_text(
            encoding="utf-8"
        )
        own.write_text(text.replace('name = "inglehart-welzel"', 'name = "own"').partition("\n[map]")[0])
        mapless = recipe.model_copy(
            update={"profiles": recipe.profiles.model_copy(update={"instrument": str(own)})}
        )
        with pytest.raises(RecipeError, match=r"cultural_map\.ask: instrument own has no map"):
            run(mapless)
        assert server.calls == 0
