"""The audit's claims on the synthetic world, and its human side against plain arithmetic."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from value_personas import data, load_recipe
from value_personas.experiments.audit import AuditResult, run_audit
from value_personas.experiments.audit.human import human_means, training_countries
from value_personas.experiments.workspace.folders import Workspace

SMALL = ("survey.respondents=150", 'questions.include=["Q29"]')


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="module")
def audit(workspace: Path) -> Callable[..., AuditResult]:
    def run(*settings: str) -> AuditResult:
        return run_audit(load_recipe(None, [f"workspace={workspace}", *SMALL, *settings]))

    return run


@pytest.fixture(scope="module")
def result(audit: Callable[..., AuditResult]) -> AuditResult:
    return audit()


def number(result: AuditResult, statement: str, name: str) -> float:
    return float(result.summary.set_index("statement")[name][statement])


def test_every_descriptor_leads_back_to_its_answer(result: AuditResult) -> None:
    for statement in ("hedged", "unhedged", "verbatim"):
        assert number(result, statement, "recovery_error") < 0.02
        assert number(result, statement, "right") == 1.0
        assert number(result, statement, "monotone") == 1.0
    assert len(result.recovery) == 3 * 54
    assert not result.recovery["expected_error"].isna().any()


def test_hedging_lowers_what_is_inferred_beyond_people(result: AuditResult) -> None:
    assert number(result, "unhedged", "excess_spill_over") > 0.1
    assert number(result, "hedged", "excess_spill_over") < 0.0
    assert number(result, "hedged", "spill_over") > 0.0


def test_without_spill_over_nothing_moves(audit: Callable[..., AuditResult]) -> None:
    still = audit("respondent.parameters.spill_over=0", "respondent.parameters.refusal_rate=0")
    for statement in ("hedged", "unhedged", "verbatim"):
        assert number(still, statement, "spill_over") == pytest.approx(0.0, abs=1e-9)


def test_one_number_each_follows_from_the_long_tables(result: AuditResult) -> None:
    off = result.spill_over[result.spill_over["given"] != result.spill_over["item"]]
    means = off.groupby("statement")[["judged", "human"]].mean()
    assert number(result, "unhedged", "spill_over") == pytest.approx(means.loc["unhedged", "judged"])
    assert number(result, "unhedged", "human_movement") == pytest.approx(means.loc["unhedged", "human"])
    errors = result.recovery[result.recovery["statement"] == "hedged"]
    by_item = errors.groupby("item")["scaled_error"].mean()
    assert number(result, "hedged", "recovery_error") == pytest.approx(by_item.mean())


def test_the_judge_may_be_another_model(audit: Callable[..., AuditResult]) -> None:
    other = audit(
        "audit.judge.lm=synthetic/respondent",
        "audit.judge.parameters.spill_over=0",
        "audit.judge.parameters.refusal_rate=0",
    )
    assert number(other, "unhedged", "spill_over") == pytest.approx(0.0, abs=1e-9)


def test_wordings_have_a_spread(audit: Callable[..., AuditResult], result: AuditResult) -> None:
    assert np.isnan(number(result, "hedged", "wording_spread"))
    assert 0 <= number(audit("descriptors.wordings=2"), "hedged", "wording_spread") < 0.05


def test_everything_is_written_down(result: AuditResult) -> None:
    names = {path.name for path in result.folder.iterdir()}
    assert names == {
        "summary.csv", "recovery.csv", "spill_over.csv", "descriptors.csv", "recipe.json",
        "result.json",
        "spill_over.png", "spill_over.pdf", "spill_over.svg",
    }  # fmt: skip
    assert "synthetic writer and judge and population" in result.title
    told = json.loads(result.to_json())
    client = MlflowClient(Workspace(result.folder.parents[1]).tracking_uri)
    assert client.get_run(told["mlflow_run_id"]).data.tags["run.folder"] == result.folder.name
    assert {row["statement"] for row in told["summary"]} == {"hedged", "unhedged", "verbatim"}
    assert "hedged" in set(pd.read_csv(result.folder / "descriptors.csv")["variant"])


def test_human_means_are_those_of_the_training_countries_alone(workspace: Path, result: AuditResult) -> None:
    survey = data.read_survey(next((workspace / "synthetic").glob("*.sav")))
    profiles = data.value_profiles(survey)
    training = training_countries(survey.countries, 0.3, seed=0)
    assert training == result.countries
    assert 0 < len(training) < len(survey.countries)
    found = human_means(profiles, training)
    codes = [item.code for item in profiles.items]
    god, trust = codes.index("F063"), codes.index("A165")
    rows = profiles.country.isin(training)
    frame = profiles.frame[rows]
    weight = profiles.weight[rows] / profiles.weight[rows].groupby(profiles.country[rows]).transform("sum")
    distrustful = frame["A165"] == 2
    known = distrustful & frame["F063"].notna()
    expected = np.average((frame["F063"][known] - 1) / 9, weights=weight[known])
    assert found.conditional[trust][1, god] == pytest.approx(expected)
    answered = frame["A165"].notna()
    share = weight[distrustful].sum() / weight[answered].sum()
    assert found.shares[trust][1] == pytest.approx(share)


def test_of_two_countries_none_is_held_out() -> None:
    assert training_countries(("XNA", "XNB"), 0.3, 0) == ("XNA", "XNB")
