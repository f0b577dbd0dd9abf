"""An ablation against the runs that it consists of, computed by hand."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.experiments.small_runs import A_THIRD, DRAWN
from value_personas import load_recipe, run
from value_personas.experiments.ablation.ablate import AblationResult, ablate, error_curve
from value_personas.experiments.evaluation.measures import not_above_nothing
from value_personas.experiments.sweep.family import Options
from value_personas.signatures import EngineError

FACTORS = (
    'ablation.factors.kind=["values-hedged", "values-unhedged", "none"]',
    'ablation.factors.calibration=["none", "persona", "population"]',
    "ablation.factors.profiles.n=[6, 3]",
)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("ablation")


@pytest.fixture(scope="module")
def result(workspace: Path) -> AblationResult:
    recipe = load_recipe(None, [f"workspace={workspace}", *DRAWN, *FACTORS])
    return ablate(recipe, Options(jobs=2))


def rows(result: AblationResult, score: str) -> pd.DataFrame:
    table = result.table
    return table[(table["group"] == "all") & (table["score"] == score)].set_index("label")


def test_differences_are_those_of_the_runs(result: AblationResult, workspace: Path) -> None:
    kinds = 'personas=["none", "values-hedged", "values-unhedged"]'
    base = run(load_recipe(None, [f"workspace={workspace}", *DRAWN, kinds])).scores
    few = run(load_recipe(None, [f"workspace={workspace}", *DRAWN, "profiles.n=3"])).scores

    def mean(scores: pd.DataFrame, method: str, score: str) -> float:
        return float(scores.loc[scores["method"] == method, score].mean())

    for score in ("normalised_mae", "wasserstein"):
        own = mean(base, "values-hedged", score)
        expected = {
            "kind=values-unhedged": mean(base, "values-unhedged", score) - own,
            "kind=none": mean(base, "none", score) - own,
            "calibration=persona": mean(base, "values-hedged + calibrated", score) - own,
            "profiles.n=3": mean(few, "values-hedged", score) - own,
        }
        found = rows(result, score)["difference"]
        for label, value in expected.items():
            assert found[label] == pytest.approx(value, abs=1e-9), label


def test_calibration_moves_no_mean_and_no_p_value_says_so(result: AblationResult) -> None:
    found = rows(result, "normalised_mae")
    for label in ("calibration=persona", "calibration=population"):
        assert found.loc[label, ["difference", "lower", "upper"]].tolist() == pytest.approx(
            [0, 0, 0], abs=1e-9
        )
        assert np.isnan(found.loc[label, "p"])  # equal by construction: no test
    assert rows(result, "wasserstein").loc["calibration=persona", "difference"] < -1e-3


def test_intervals_hold_the_difference_and_carry_the_draw_of_personas(
    result: AblationResult, workspace: Path
) -> None:
    found = rows(result, "wasserstein")
    assert ((found["lower"] <= found["difference"]) & (found["difference"] <= found["upper"])).all()
    without = ablate(
        load_recipe(None, [f"workspace={workspace}", *DRAWN, *FACTORS, "scoring.persona_draws=0"])
    )
    narrow = rows(without, "wasserstein")
    widths = [table["upper"] - table["lower"] for table in (found, narrow)]
    assert (widths[0] >= widths[1] - 1e-12).all()
    assert (widths[0] > widths[1]).any()


def test_holm_is_over_all_variants(result: AblationResult) -> None:
    found = rows(result, "wasserstein")
    raw = np.sort(found["p"].to_numpy())
    expected = np.minimum(1.0, np.maximum.accumulate(raw * np.arange(len(raw), 0, -1)))
    assert np.sort(found["holm_p"].to_numpy()) == pytest.approx(expected)
    assert result.notes == ()
    assert "of other questions" in replace(result, countries=1).notes[0]


def test_the_curve_is_the_number_of_personas_alone(result: AblationResult) -> None:
    curve = result.curve
    assert curve["n"].tolist() == [3, 3, 6, 6]
    assert set(curve["score"]) == {"normalised_mae", "wasserstein"}
    assert (curve["floor"] > 0).all()
    assert error_curve([], ["wasserstein"]).empty


def test_what_knows_nothing_stands_beneath_on_the_base_s_cells(
    result: AblationResult, workspace: Path
) -> None:
    kinds = 'personas=["none", "values-hedged", "values-unhedged"]'
    base = run(load_recipe(None, [f"workspace={workspace}", *DRAWN, kinds]))
    of_run = base.nulls.set_index(["method", "score"])["mean"]
    for row in result.nulls.to_dict("records"):
        assert row["mean"] == pytest.approx(of_run[row["method"], row["score"]]), row
    assert set(result.nulls["score"]) == {"normalised_mae", "wasserstein"}
    labels = {"none": "kind=none", "values-unhedged": "kind=values-unhedged", "values-hedged": "base"}
    for method, label in labels.items():
        assert (label in result.no_better) == (method in not_above_nothing(base.measures))


def test_files_json_and_title(result: AblationResult) -> None:
    folder = result.family.folder
    for name in ("ablation.parquet", "ablation.csv", "error_by_personas.csv", "forest.png"):
        assert (folder / name).stat().st_size > 300, name
    assert (folder / "forest.svg").is_file()  # how it is drawn, tests of figures look at
    assert "synthetic respondent and population" in result.title
    said = json.loads(result.to_json())
    assert said["base"] == "values-hedged"
    assert len(said["differences"]) == len(result.table)


def test_a_variant_whose_run_fails_is_named_and_the_rest_compared(workspace: Path) -> None:
    settings = (*DRAWN, 'ablation.factors.profiles.items=["all", ["F063"], ["F999"]]')
    result = ablate(load_recipe(None, [f"workspace={workspace}", *settings]))
    (label,) = result.missing
    assert "no item 'F999'" in result.missing[label]
    assert set(rows(result, "wasserstein").index) == {'profiles.items=["F063"]'}


def test_without_a_base_there_is_nothing_to_compare(workspace: Path) -> None:
    settings = (*DRAWN, 'ablation.factors.profiles.items=[["F999"], "all"]')
    with pytest.raises(EngineError, match=r"the base variant has no result: .*no item 'F999'"):
        ablate(load_recipe(None, [f"workspace={workspace}", *settings]))


FEW = (
    "survey.respondents=300",
    "scoring.floor_draws=20",
    "scoring.persona_draws=5",
    "cultural_map.ask=false",
    A_THIRD,
    'ablation.factors={kind=["values-hedged", "values-unhedged", "shuffled", "mean-profile"], '
    'calibration=["none", "persona"], "profiles.n"=[48, 5]}',
)
"""The shipped recipe with the variants that its claims are of."""


@pytest.mark.slow
def test_the_recipes_claims_come_out_and_each_goes_with_its_cause(workspace: Path) -> None:
    def verdicts(*settings: str) -> list[str]:
        recipe = load_recipe("ablation", [f"workspace={workspace}", *FEW, *settings])
        return list(ablate(recipe).hypotheses["verdict"])

    def without(factors: str, **faults: float) -> list[str]:
        parameters = (f"respondent.parameters.{name}={value}" for name, value in faults.items())
        return verdicts(f"ablation.factors={factors}", *parameters)

    assert verdicts() == ["supported"] * 5
    hedge = without('{kind=["values-hedged", "values-unhedged"]}', spill_over=0.0)
    assert hedge[0] == "undecided"  # a hedge has nothing to prevent
    spread = without('{calibration=["none", "persona"]}', sharpness=1.0)
    assert spread[3] == "refuted"  # answers are as wide as people's already
    told = '{kind=["values-hedged", "shuffled", "mean-profile"], "profiles.n"=[48, 5]}'
    unheard = without(told, prior_pull=1.0)  # whoever is told of answers as everybody does
    assert {unheard[1], unheard[2], unheard[4]} <= {"undecided", "refuted"}  # each is tested, none supported
