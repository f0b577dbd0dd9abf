"""With and without calibration, at both levels, side by side in one run."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from value_personas import RunResult, load_recipe, run
from value_personas.experiments.commands.printing.run import print_result
from value_personas.experiments.evaluation.predicting import calibrated_name
from value_personas.experiments.workspace.folders import Workspace
from value_personas.experiments.workspace.tables import read_table
from value_personas.signatures import RecipeError

PERSONA, POPULATION = "values-hedged + calibrated", "values-hedged + calibrated (population)"


@pytest.fixture(scope="module")
def result(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return run(
        load_recipe(
            "quickstart",
            [
                f"workspace={tmp_path_factory.mktemp('levels')}",
                "survey.respondents=150",
                "profiles.n=8",
                'questions.include=["Q29", "Q49", "Q185"]',
                'personas=["country", "values-hedged"]',
                'calibration.levels=["persona", "population"]',
                "scoring.draws=200",
                "scoring.floor_draws=20",
                "scoring.persona_draws=3",
            ],
        )
    )


def means(result: RunResult, method: str) -> "pd.Series[float]":
    rows = result.estimates[result.estimates["method"] == method]
    return (rows["predicted"] * rows["score"]).groupby([rows["country"], rows["question"]]).sum()


def test_each_level_is_a_row_and_the_first_keeps_its_name(result: RunResult) -> None:
    assert list(dict.fromkeys(result.scores["method"])) == ["country", "values-hedged", PERSONA, POPULATION]
    assert (calibrated_name("country", "persona"), calibrated_name("country", "population")) == (
        "country + calibrated",
        "country + calibrated (population)",
    )


@pytest.mark.parametrize("method", [PERSONA, POPULATION])
def test_no_mean_moves(result: RunResult, method: str) -> None:
    moved = means(result, method) - means(result, "values-hedged")
    assert moved.abs().max() < 1e-9


def test_the_levels_differ_in_shape(result: RunResult) -> None:
    by_method = {
        m: result.estimates.query("method == @m")["predicted"].to_numpy() for m in (PERSONA, POPULATION)
    }
    assert np.abs(by_method[PERSONA] - by_method[POPULATION]).max() > 0.01


def test_both_are_compared_and_recorded(result: RunResult) -> None:
    assert {PERSONA, POPULATION} < set(read_table(result.folder / "comparisons")["method"])
    client = MlflowClient(Workspace.open(result.recipe.workspace).tracking_uri)
    metrics = client.get_run(result.mlflow_run_id).data.metrics
    rows = result.summary.set_index(["method", "score"])["mean"]
    assert metrics["values-hedged-calibrated.rps"] == rows[PERSONA, "rps"]
    assert metrics["values-hedged-calibrated-population.rps"] == rows[POPULATION, "rps"]


def test_the_table_still_fits_a_terminal(
    result: RunResult, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    print_result(result)
    table = capsys.readouterr().out.split("noise floor")[0].splitlines()
    assert "    (population)" in "\n".join(table)
    assert all("…" not in line and len(line) <= 80 for line in table)


@pytest.mark.parametrize("levels", ["[]", '["persona", "persona"]', '["nation"]'])
def test_levels_that_make_no_sense_are_refused(levels: str, tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match=r"calibration\.levels"):
        load_recipe("quickstart", [f"workspace={tmp_path}", f"calibration.levels={levels}"])
