"""Shapley values from a recipe to files, the record and the command line."""

import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from tests.data.surveys import draft_of, write_without_items
from tests.fake_engines import RuleEngine, letters
from tests.fake_server import FakeServer
from value_personas import load_recipe, run
from value_personas.experiments.cli import main
from value_personas.experiments.fieldwork.rehearsal import Estimate
from value_personas.experiments.recipe.loading import varied
from value_personas.experiments.report import report
from value_personas.experiments.shapley.record import read_shapley
from value_personas.experiments.shapley.result import ShapleyResult
from value_personas.experiments.shapley.shapley import shapley
from value_personas.experiments.workspace.folders import Workspace
from value_personas.signatures import BudgetError, RecipeError

SMALL = (
    "survey.respondents=150",
    "profiles.n=5",
    'questions.include=["Q29", "Q49", "Q185"]',
    "scoring.draws=200",
    "scoring.floor_draws=20",
    "scoring.persona_draws=2",
    "shapley.pairs=2",
    "respondent.max_missing=1.0",  # the embedded respondent refuses now and then
)
COLUMNS = ["player", "name", "country", "score", "value", "lower", "upper"]


def small(workspace: Path, *settings: str) -> ShapleyResult:
    return shapley(load_recipe("shapley", [f"workspace={workspace}", *SMALL, *settings]))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("shapley")


@pytest.fixture(scope="module")
def result(workspace: Path) -> ShapleyResult:
    return small(workspace)


def test_files_hold_the_tables(result: ShapleyResult) -> None:
    for name in ("shapley", "leave_one_out", "only_one", "axes", "total"):
        table = pd.read_parquet(result.folder / f"{name}.parquet")
        assert list(table.columns) == COLUMNS
        assert (table["lower"] <= table["upper"]).all()
        pd.testing.assert_frame_equal(table, result.tables[name])
    assert len(result.values) == 10 * 9
    assert set(result.values["country"]) == {"all", *(f"XN{letter}" for letter in "ABCDEFGH")}
    assert dict(zip(result.values["player"], result.values["name"], strict=True))["F063"] == "God"
    coalitions = pd.read_parquet(result.folder / "coalitions.parquet")
    assert set(coalitions["coalition"]) > {"∅", "F063", "+".join(sorted(set(result.values["player"])))}
    for figure in ("heat_map.png", "bars.png"):
        assert (result.folder / figure).stat().st_size > 10_000


def test_sums_are_checked_in_every_country_and_in_all(result: ShapleyResult) -> None:
    checks = result.checks.set_index("country")
    v = result.coalitions.set_index(["coalition", "country"])["value"]
    full = max(result.coalitions["coalition"], key=len)
    for country, values in result.values.groupby("country"):
        difference = v[full, country] - v["∅", country]
        assert values["value"].sum() == pytest.approx(difference, abs=1e-9)
        assert checks.loc[country, "difference"] == pytest.approx(difference, abs=1e-12)
    assert result.tables["total"].query("country == 'all'")["value"].item() == pytest.approx(
        checks.loc["all", "difference"]
    )
    assert len(checks) == 9


def test_what_knows_nothing_has_its_v_on_the_cells_that_count(result: ShapleyResult) -> None:
    again = run(varied(result.recipe, {"personas": ("none",), "scoring.persona_draws": 0}))
    of_run = again.nulls[again.nulls["score"] == result.recipe.shapley.score].set_index("method")["mean"]
    assert result.nulls == pytest.approx(of_run.to_dict(), abs=1e-12)
    assert list(result.nulls) == ["uniform", "majority", "permuted"]
    assert result.record().nulls == result.nulls


def test_synthetic_is_called_synthetic_and_the_sign_is_stated(result: ShapleyResult, workspace: Path) -> None:
    assert result.synthetic == ("respondent", "population")
    assert "synthetic respondent and population" in result.title
    said = json.loads((result.folder / "result.json").read_text(encoding="utf-8"))
    assert said["synthetic"] == ["respondent", "population"]
    assert said["negative_value"] == "the item lowers the error"
    recorded = MlflowClient(Workspace.open(workspace).tracking_uri).get_run(result.mlflow_run_id)
    assert recorded.data.tags["synthetic"] == "respondent and population"
    assert recorded.data.params["shapley.method"] == "permutation"
    assert recorded.data.metrics["shapley.F063"] == pytest.approx(
        result.over_all().set_index("player").loc["F063", "value"]
    )


def test_the_page_is_added_to_the_record(result: ShapleyResult, workspace: Path) -> None:
    assert read_shapley(result.folder).record.mlflow_run_id == result.mlflow_run_id != ""
    report(str(result.folder), progress=False)
    client = MlflowClient(Workspace.open(workspace).tracking_uri)
    kept = {file.path for file in client.list_artifacts(result.mlflow_run_id, "report")}
    assert kept == {"report/figures", "report/report.html", "report/tables"}


def test_what_is_widened_is_widened_without_items_too(workspace: Path, result: ShapleyResult) -> None:
    widened = small(
        workspace, "shapley.calibrated=true", "shapley.score=variance_ratio", "calibration.temperature=3.0"
    )
    assert widened.usage["calls"] == 0
    both = varied(
        widened.recipe,
        {"personas": ("none", "values-hedged"), "calibration.kinds": ("none", "values-hedged")},
    )
    cells = run(both).scores
    for kind, end in (("none", "v_empty"), ("values-hedged", "v_all")):
        ratios = cells[cells["method"] == f"{kind} + calibrated"]["variance_ratio"]
        assert widened.checks.set_index("country").loc["all", end] == pytest.approx(
            np.abs(np.log(ratios)).mean(), abs=1e-9
        )


def test_a_kind_that_names_the_country_starts_from_its_name(workspace: Path) -> None:
    tradition, rest = ["F063", "Y003", "G006", "E018", "F120"], ["A008", "A165", "E025", "F118", "Y002"]
    players = f"shapley.players={{tradition = {tradition}, rest = {rest}}}"
    named = small(
        workspace,
        'shapley.kind="values-verbatim+country"',
        "shapley.empty=country",
        "shapley.method=exact",
        players,
    )
    told = run(varied(named.recipe, {"personas": ("country", "values-verbatim+country")}))
    assert told.usage["calls"] == 0
    means = told.scores.groupby("method")["normalised_mae"].mean()
    ends = named.checks.set_index("country").loc["all"]
    assert ends["v_empty"] == pytest.approx(means["country"], abs=1e-12)
    assert ends["v_all"] == pytest.approx(means["values-verbatim+country"], abs=1e-12)
    assert list(named.over_all()["name"].sort_values()) == ["rest", "tradition"]
    assert any("every one of 4 coalitions" in note for note in named.notes)


def test_cells_without_an_error_in_some_coalition_count_in_none(workspace: Path) -> None:
    faulty = small(workspace, "respondent.parameters.refusal_rate=0.02", "respondent.max_missing=0.4")
    (note,) = [note for note in faulty.notes if "cells are left out" in note]
    assert 0 < int(note.split()[0]) < 24
    assert faulty.checks["gap"].abs().max() < 1e-9


def test_nothing_is_asked_before_it_is_approved(tmp_path: Path) -> None:
    seen: list[Estimate] = []

    def refuse(estimate: Estimate) -> None:
        seen.append(estimate)
        raise BudgetError("no")

    where = ("respondent.lm=openai/m", 'personas=["none"]', "descriptors.lm.lm=synthetic/respondent")
    with FakeServer(engine=RuleEngine(letters)) as server:
        few = ("profiles.n=3", 'questions.include=["Q29"]', 'survey.countries=["XNA", "XNB", "XNC"]')
        settings = [f"workspace={tmp_path}", *SMALL, *where, *few, f"respondent.base_url={server.url}"]
        recipe = load_recipe("shapley", settings)
        with pytest.raises(BudgetError):
            shapley(recipe, approve=refuse)
        assert server.calls == 0
        result = shapley(recipe, approve=seen.append)
        assert server.calls == result.usage["calls"] <= result.calls_at_most
        rehearsed, known = seen[1:]
        assert seen[0] == rehearsed
        assert rehearsed.assumptions
        assert not known.assumptions
        assert known.calls == server.calls - 1  # the question that tried the engine was one of them
        again: list[Estimate] = []
        shapley(recipe, approve=again.append)
        assert [estimate.calls for estimate in again] == [0]


def test_the_upper_bound_is_told_before_the_first_call(tmp_path: Path) -> None:
    told: list[str] = []

    class Listening:
        def stage(self, text: str) -> None:
            told.append(text)

        def note(self, text: str) -> None:
            told.append(text)

        def answered(self, kind: str, n: int, total: int) -> None:
            told.append("answered")

    few = ("profiles.n=3", 'questions.include=["Q29"]', 'survey.countries=["XNA", "XNB", "XNC"]')
    result = shapley(load_recipe("shapley", [f"workspace={tmp_path}", *SMALL, *few]), Listening())
    (bound,) = [text for text in told if "at most" in text]
    assert f"at most {result.calls_at_most:,} calls" in bound
    assert told.index(bound) < told.index("answered")


@pytest.mark.parametrize(
    ("setting", "why"),
    [
        ("shapley.kind=country", "carries no values"),
        ("shapley.kind=shuffled", "carries no values"),
        ("shapley.empty=values-hedged", "stands for no item"),
        ("shapley.score=mse", "no such score"),
        ("shapley.pears=3", "did you mean shapley.pairs"),
        ("shapley.budget_calls=10", "calls are needed"),
        ("shapley.players=countries", "shapley.players"),
    ],
)
def test_what_cannot_be_is_refused_in_one_line(workspace: Path, setting: str, why: str) -> None:
    with pytest.raises(RecipeError, match=why):
        small(workspace, setting)


def test_facts_of_nobody_are_refused(workspace: Path) -> None:
    with pytest.raises(RecipeError, match="marginal"):
        small(workspace, "profiles.design=marginal", "shapley.kind=values-hedged+demographic")


def test_the_command_prints_one_object(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    settings = [part for setting in SMALL for part in ("--set", setting)]
    command = ["value-personas", "shapley", "--workspace", str(workspace), *settings]
    monkeypatch.setattr(sys, "argv", [*command, "--json"])
    with pytest.raises(SystemExit) as leaving:
        main()
    assert leaving.value.code == 0
    said = json.loads(capsys.readouterr().out)
    assert said["usage"]["calls"] == 0
    assert len(said["all_countries"]["shapley"]) == 10
    assert abs(said["checks"][-1]["gap"]) < 1e-9

    monkeypatch.setattr(sys, "argv", command)
    with pytest.raises(SystemExit):
        main()
    out = capsys.readouterr().out
    assert "God (F063)" in out
    assert "values add up to v(all) − v(∅) in every country, within " in out
    assert "synthetic respondent" in out


def test_labels_of_a_real_file_are_drawn_as_text(tmp_path: Path, shared_dir: Path) -> None:
    """One country, whose file asks some questions on scales of its own."""
    path = shared_dir / "surveys" / "F00011820-WVS_Wave_7_Venezuela_Excel_v3.0.xlsx"
    if not path.is_file():
        pytest.skip("the file is not there")
    found = small(tmp_path, f"survey.path={path}", 'questions.include=["Q29", "Q185"]')
    assert set(found.values["country"]) == {"VEN", "all"}
    one, over_all = (found.values.query(f"country == '{c}'")["value"].to_numpy() for c in ("VEN", "all"))
    np.testing.assert_allclose(one, over_all, atol=1e-12)
    assert found.synthetic == ("respondent",)


def test_an_instrument_of_ones_own_goes_from_draft_to_values(tmp_path: Path) -> None:
    file = write_without_items(tmp_path / "s.sav")
    codebook = draft_of(file, ("law", "god", "work", "family"))
    recipe = tmp_path / "own.toml"  # the instrument lies beside it
    recipe.write_text(
        'extends = "shapley"\n[survey]\npath = "s.sav"\n'
        f'codebook = "{codebook}"\n[profiles]\ninstrument = "instrument.toml"\nn = 10\n'
        '[questions]\ninclude = ["trust", "happy"]\n'
    )
    settings = [f"workspace={tmp_path / 'w'}", "respondent.max_missing=1.0", "scoring.persona_draws=5"]
    result = shapley(load_recipe(str(recipe), settings))
    assert list(dict.fromkeys(result.values["player"])) == ["law", "god", "work", "family"]
    total = result.tables["total"].query("country == 'all'")["value"].item()
    of_all = result.values.query("country == 'all'")["value"]
    assert of_all.sum() == pytest.approx(total, abs=1e-12)
    assert (of_all.abs() > 0).any()  # the embedded respondent reads God in an item that names him
