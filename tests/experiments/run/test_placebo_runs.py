"""Placebos and comparators in a run on the synthetic respondent."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from value_personas import RunResult, load_recipe, run
from value_personas.experiments.fieldwork.descriptors import read_frozen, read_overrides
from value_personas.experiments.recipe.loading import shipped_recipes
from value_personas.signatures import RecipeError, Scale, ValueItem

KINDS = (
    "country",
    "values-hedged",
    "values-verbatim",
    "values+country",
    "shuffled",
    "marginal",
    "mean-profile",
)
SETTINGS = (
    "survey.respondents=400",
    "profiles.n=30",
    "scoring.draws=200",
    "scoring.floor_draws=20",
    "scoring.persona_draws=0",
    "respondent.parameters.refusal_rate=0",
    'questions.include=["Q6", "Q29", "Q36", "Q49", "Q109", "Q171", "Q185", "Q188"]',
    'comparators.names=["training-mean", "map-neighbours"]',
    f"personas={list(KINDS)!r}".replace("'", '"'),
)


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return run(load_recipe(None, [f"workspace={tmp_path_factory.mktemp('workspace')}", *SETTINGS]))


def mean(result: RunResult, method: str, column: str = "normalised_mae") -> float:
    return float(result.scores[result.scores["method"] == method][column].mean())


def test_shuffled_profiles_lose_the_gain(result: RunResult) -> None:
    assert mean(result, "values-hedged") < 0.5 * mean(result, "country")
    assert mean(result, "shuffled") > 3 * mean(result, "values-hedged")


def test_the_placebos_lose_spread_and_keep_the_mean(result: RunResult) -> None:
    between = {kind: mean(result, kind, "variance_between") for kind in KINDS}
    assert between["mean-profile"] == pytest.approx(0.0, abs=1e-12)
    assert between["marginal"] < between["values-hedged"]
    assert mean(result, "marginal") < 1.5 * mean(result, "values-hedged")
    assert mean(result, "mean-profile") < 0.5 * mean(result, "shuffled")


def test_verbatim_answers_spill_over_as_unhedged_text_does(result: RunResult) -> None:
    assert mean(result, "values-verbatim") > 1.2 * mean(result, "values-hedged")


def test_comparators_stand_in_the_same_table_for_the_same_cells(result: RunResult) -> None:
    cells = result.scores.groupby("method").size()
    assert cells["training-mean"] == cells["map-neighbours"] == cells["values-hedged"] == 8 * 8
    assert mean(result, "map-neighbours") < mean(result, "training-mean")
    assert set(result.missing) == set(KINDS)


def test_both_orders_are_asked_and_their_effect_reported(tmp_path: Path) -> None:
    settings = [s for s in SETTINGS if not s.startswith(("personas", "comparators"))]
    both = run(
        load_recipe(
            None,
            [
                f"workspace={tmp_path}",
                *settings,
                'personas=["values-hedged"]',
                "profiles.n=8",
                "persona_text.order=both",
            ],
        )
    )
    (note,) = [note for note in both.notes if "texts of a person" in note]
    assert note.startswith("values-hedged: between 2 texts of a person that differ in the order of items")
    assert "move by 0.000" in note  # the synthetic respondent reads statements in any order


def test_a_shipped_recipe_holds_every_kind_that_the_embedded_survey_can_give() -> None:
    recipe = load_recipe(shipped_recipes()["all-kinds"])
    assert {"shuffled", "marginal", "mean-profile", "values-verbatim"} <= set(recipe.personas)
    assert len(recipe.comparators.names) == 5


# --- descriptors as files ----------------------------------------------------------------------------------


def test_a_frozen_table_writes_nothing_anew(result: RunResult, tmp_path: Path) -> None:
    frozen = tmp_path / "descriptors.csv"
    table = pd.read_csv(result.folder / "descriptors.csv", keep_default_na=False)
    table.to_csv(frozen, index=False)
    silent = ["descriptors.lm.lm=openai/nobody", "descriptors.lm.base_url=http://127.0.0.1:9"]
    again = run(
        load_recipe(
            None,
            [f"workspace={result.recipe.workspace}", *SETTINGS, *silent, f"descriptors.frozen={frozen}"],
        )
    )
    assert again.usage["calls"] == 0
    np.testing.assert_array_equal(again.scores["normalised_mae"], result.scores["normalised_mae"])
    written = pd.read_csv(again.folder / "descriptors.csv", keep_default_na=False)
    pd.testing.assert_frame_equal(written, table)


def items(result: RunResult) -> tuple[ValueItem, ...]:
    told = pd.read_csv(result.folder / "descriptors.csv")
    return tuple(
        ValueItem(str(code), "text", Scale(tuple(rows["answer"]), tuple(rows["score"])))
        for code, rows in told.groupby("item")
    )


def test_a_changed_frozen_table_is_refused(result: RunResult, tmp_path: Path) -> None:
    path = tmp_path / "changed.csv"
    table = pd.read_csv(result.folder / "descriptors.csv", keep_default_na=False)
    table.loc[3, "text"] = "Something else."
    table.to_csv(path, index=False)
    with pytest.raises(RecipeError, match=r"give changed texts as descriptors\.overrides"):
        read_frozen(path, items(result), ["hedged"])
    with pytest.raises(RecipeError, match="no unhedged text for A008 = 1"):
        read_frozen(result.folder / "descriptors.csv", items(result), ["unhedged"])


def test_an_override_without_a_wording_stands_for_all(result: RunResult, tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("item,score,variant,text\nA165,1,hedged,You trust.\n")
    own = read_overrides(path, items(result), wordings=2)
    assert own == {("hedged", "A165", 1.0, 0): "You trust.", ("hedged", "A165", 1.0, 1): "You trust."}
