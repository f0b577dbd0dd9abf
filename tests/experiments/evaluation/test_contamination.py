"""How near forecasts come to their own country's shares and to others', and that it goes with its cause."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.stats import wasserstein_distance

from tests.experiments.small_runs import small_run
from value_personas import RunResult
from value_personas.experiments.evaluation.contamination import contamination, contamination_notes
from value_personas.experiments.fieldwork.asking import estimate_asking
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import prepare
from value_personas.experiments.recipe.loading import load_recipe
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs.engines import nobody

SCALES = {"a": [1.0, 2.0, 3.0], "b": [1.0, 2.0, 4.0, 10.0]}
KIND = "forecast+country"


def table(seed: int = 0, told: float = 1.0) -> pd.DataFrame:
    """Shares of four countries and forecasts that go a part of the way from everybody's to each one's own."""
    rng = np.random.default_rng(seed)
    rows = []
    for question, scale in SCALES.items():
        human = rng.dirichlet(np.ones(len(scale)), size=4)
        predicted = told * human + (1.0 - told) * human.mean(axis=0)
        rows += [
            {"method": KIND, "country": f"C{c}", "question": question, "score": r, "human": h, "predicted": p}
            for c in range(4)
            for r, h, p in zip(scale, human[c], predicted[c], strict=True)
        ]
    return pd.DataFrame(rows)


def test_distances_are_those_of_an_independent_computation() -> None:
    cells = table(told=0.6)
    cells.loc[(cells["country"] == "C3") & (cells["question"] == "b"), "human"] = (
        np.nan
    )  # was not asked there
    (found,) = contamination(cells, [KIND, "none"], 0.95).to_dict("records")
    own, others, nearest = [], [], []
    for question, scale in SCALES.items():
        of = cells[cells["question"] == question].groupby("country", sort=False)
        human, told = (dict(of[side].apply(list)) for side in ("human", "predicted"))
        asked = [c for c in human if not np.isnan(human[c]).any()]
        for country in asked:
            far = {
                c: wasserstein_distance(scale, scale, told[country], human[c]) / (scale[-1] - scale[0])
                for c in asked
            }
            own.append(far.pop(country))
            others.append(np.mean(list(far.values())))
            nearest.append(own[-1] <= min(far.values()))
    assert found["cells"] == len(own) == 7
    assert found["own"] == pytest.approx(np.mean(own))
    assert found["others"] == pytest.approx(np.mean(others))
    assert found["nearer"] == pytest.approx(np.mean(others) - np.mean(own))
    assert found["nearest"] == pytest.approx(np.mean(nearest))
    assert found["chance"] == pytest.approx((4 * 1 / 4 + 3 * 1 / 3) / 7)
    assert found["lower"] < found["nearer"] < found["upper"]


def test_what_is_not_of_a_named_country_has_no_row() -> None:
    cells = table().assign(method="forecast")
    assert contamination(cells, ["forecast"], 0.95).empty
    assert contamination(table().query("country == 'C0'"), [KIND], 0.95).empty


def forecast(workspace: Path, knowledge: float) -> RunResult:
    return small_run(
        workspace, 'personas=["forecast", "forecast+country"]', "cultural_map.ask=false",
        "calibration.kinds=[]",
        f"respondent.parameters.forecast_knowledge={knowledge}", "respondent.parameters.refusal_rate=0",
        'questions.include=["Q1", "Q6", "Q29", "Q33", "Q64", "Q106", "Q185", "Q211"]',
    )  # fmt: skip


def test_a_model_that_knows_the_results_is_found_out_and_one_that_does_not_is_not(tmp_path: Path) -> None:
    runs = {knowledge: forecast(tmp_path, knowledge) for knowledge in (1.0, 0.0)}
    told = {k: pd.read_parquet(run.folder / "contamination.parquet").iloc[0] for k, run in runs.items()}
    assert told[1.0]["own"] < 0.04
    assert told[1.0]["lower"] > 0.05
    assert told[1.0]["nearest"] > 0.4
    assert abs(told[0.0]["nearer"]) < 0.5 * told[1.0]["nearer"]
    assert told[0.0]["lower"] < 0.0
    assert any("the model knows something" in note for note in runs[1.0].notes)
    assert any("is not shown to know" in note for note in runs[0.0].notes)
    assert runs[1.0].usage["calls"] == 8 + 64  # one text for all countries, and one for each
    errors = runs[1.0].scores.groupby("method")["normalised_mae"].mean()
    assert errors[KIND] < 0.3 * errors["forecast"]


def test_forecasts_alone_are_estimated_as_they_are_asked_and_nothing_is_probed(tmp_path: Path) -> None:
    recipe = load_recipe("quickstart", [
        f"workspace={tmp_path}", "survey.respondents=60", 'personas=["forecast+country"]', "profiles.n=2",
        "calibration.kinds=[]", "cultural_map.ask=false", 'questions.include=["Q29", "Q185"]',
    ])  # fmt: skip
    with Fieldwork(Workspace.open(tmp_path), nobody) as field:
        expected = estimate_asking(field, prepare(field, recipe).asking)
    assert (expected.calls, expected.stored) == (16, 0)


def test_a_note_says_what_was_found() -> None:
    (note,) = contamination_notes(contamination(table(told=0.9), [KIND], 0.95))
    assert note.startswith("forecast+country: 0.0")
    assert "nearest in 100% of cells, by chance 25%" in note
