import asyncio
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from mlflow import MlflowClient

from tests.data.surveys import draft_of, write_without_items
from tests.experiments.commands.typed import call
from tests.fake_server import FakeServer
from value_personas import RunResult, load_recipe, run
from value_personas.experiments.tracking import Record, record_run
from value_personas.experiments.workspace.folders import Workspace
from value_personas.signatures import EngineError, RecipeError, StoreError, SurveyError

SMALL = (
    "survey.respondents=150",
    "profiles.n=8",
    'questions.include=["Q29", "Q49", "Q185"]',
    "scoring.draws=200",
    "scoring.floor_draws=20",
    "scoring.persona_draws=2",
)


def small(workspace: Path, *settings: str) -> RunResult:
    return run(load_recipe("quickstart", [f"workspace={workspace}", *SMALL, *settings]))


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("workspace")


@pytest.fixture(scope="module")
def result(workspace: Path) -> RunResult:
    return small(workspace)


def test_tables_hold_every_method_cell_and_option(result: RunResult) -> None:
    methods = ["none", "country", "values-unhedged", "values-hedged", "values-hedged + calibrated"]
    assert list(dict.fromkeys(result.scores["method"])) == methods
    assert len(result.scores) == 5 * 8 * 3
    assert len(result.estimates) == 5 * 8 * (4 + 10 + 10)
    sums = result.estimates.groupby(["method", "country", "question"])[["human", "predicted"]].sum()
    np.testing.assert_allclose(sums.dropna(), 1.0, atol=1e-9)
    assert set(result.summary["score"]) >= {"normalised_mae", "wasserstein", "js_distance", "variance_ratio"}
    assert (result.summary["lower"] <= result.summary["mean"]).all()
    assert (result.summary["mean"] <= result.summary["upper"]).all()


def test_a_run_goes_on_where_an_event_loop_is_running_as_in_a_notebook(
    workspace: Path, result: RunResult
) -> None:
    async def cell() -> RunResult:
        return small(workspace)

    again = asyncio.run(cell())
    assert again.usage["calls"] == 0
    pd.testing.assert_frame_equal(again.summary, result.summary)


def test_scores_of_a_cell_follow_from_its_estimates(result: RunResult) -> None:
    cell = result.estimates.query("method == 'country' and country == 'XNA' and question == 'Q185'")
    error = abs((cell["predicted"] - cell["human"]) @ cell["score"]) / 9
    row = result.scores.query("method == 'country' and country == 'XNA' and question == 'Q185'").iloc[0]
    assert row["normalised_mae"] == pytest.approx(error)
    assert 0 < row["floor_normalised_mae"] < 0.1


def test_methods_are_compared_with_country_roleplay(result: RunResult) -> None:
    table = pd.read_csv(result.folder / "comparisons.csv")
    over_all = table.query("group == 'all' and score == 'normalised_mae'")
    before_after = over_all.query("against == 'values-hedged'").iloc[0]
    assert (before_after["method"], before_after["difference"]) == ("values-hedged + calibrated", 0.0)
    assert np.isnan(before_after["p"])  # a calibration that keeps means is no test of them
    over_all = over_all.query("against == 'country'").set_index("method")
    means = result.scores.groupby("method")["normalised_mae"].mean()
    for method, row in over_all.iterrows():
        assert row["difference"] == pytest.approx(means[method] - means["country"])
        assert row["lower"] <= row["difference"] <= row["upper"]
    assert set(table["group"]) >= {"all", "zone", "options"}
    assert not any("predict the same of every cell" in note for note in result.notes)


def test_a_gap_is_analysed_where_an_index_is_declared(workspace: Path, tmp_path: Path) -> None:
    four = 'questions.include=["Q29", "Q49", "Q61", "Q185"]'
    folder = small(workspace, "scoring.gap_reference=XNA", four).folder
    gap = pd.read_csv(folder / "gap.csv").set_index("quantity")
    assert gap.loc["baseline_slope", "estimate"] > gap.loc["method_slope", "estimate"]
    assert (gap["lower"] <= gap["upper"]).all()
    narrow = small(workspace, "scoring.gap_reference=XNA", four, "scoring.level=0.6").folder
    less = pd.read_csv(narrow / "gap.csv").set_index("quantity")
    np.testing.assert_array_equal(less["estimate"], gap["estimate"])
    assert (less["upper"] - less["lower"] < 0.9 * (gap["upper"] - gap["lower"])).all()
    own = tmp_path / "own.csv"
    own.write_text("country,index\nXNA,one\n")
    with pytest.raises(RecipeError, match="numbers only"):
        small(workspace, f"scoring.gap_index={own}")
    own.write_text("country,index\nSWE,1\n")
    with pytest.raises(RecipeError, match="names none of XNA"):
        small(workspace, f"scoring.gap_index={own}", four)
    with pytest.raises(RecipeError, match="XYZ is neither on the published map nor in the survey: XNA"):
        small(workspace, "scoring.gap_reference=XYZ", four)


def test_a_reference_may_be_a_published_country(workspace: Path) -> None:
    four = ('questions.include=["Q29", "Q49", "Q61", "Q185"]', 'personas=["none", "values-hedged"]')
    three = 'survey.countries=["XNA", "XNB", "XNC"]'
    result = small(workspace, "scoring.gap_reference=SWE", *four, three)
    said = "no gap analysis: it takes 4 countries with a distance from SWE on the cultural map, found 3"
    assert said in result.notes
    assert not (result.folder / "gap.csv").exists()
    for named, taken in (("SWE", "SWE"), ('["SWE", "XNB"]', "XNB"), ('["XYZ", "SWE"]', "SWE")):
        gap = pd.read_csv(small(workspace, f"scoring.gap_reference={named}", *four).folder / "gap.csv")
        assert set(gap["index"]) == {f"distance from {taken} on the cultural map"}
    with pytest.raises(RecipeError, match="takes 4 questions or more, got 3"):
        small(workspace, "scoring.gap_reference=SWE")


def test_a_second_run_asks_nothing_and_gives_the_same_digits(result: RunResult, workspace: Path) -> None:
    again = small(workspace)
    assert again.usage["calls"] == 0
    pd.testing.assert_frame_equal(again.scores, result.scores, check_exact=True)
    pd.testing.assert_frame_equal(again.summary, result.summary, check_exact=True)


def test_the_record_tells_everything(result: RunResult, workspace: Path) -> None:
    client = MlflowClient(Workspace.open(workspace).tracking_uri)
    record = client.get_run(result.mlflow_run_id)
    assert record.data.params["profiles.n"] == "8"
    assert record.data.params["respondent.lm"] == "synthetic/respondent"
    assert record.data.metrics["values-hedged.normalised_mae"] == pytest.approx(
        result.summary.query("method == 'values-hedged' and score == 'normalised_mae'")["mean"].iloc[0]
    )
    assert record.data.metrics["usage.calls"] > 0
    assert record.data.tags["synthetic"] == "respondent and population"
    assert len(record.data.tags["survey.sha256"]) == 64
    assert record.info.status == "FINISHED"
    names = {artifact.path for artifact in client.list_artifacts(result.mlflow_run_id)}
    assert names >= {
        "estimates.parquet",
        "scores.parquet",
        "summary.csv",
        "descriptors.csv",
        "missing.csv",
        "prompts.md",
        "recipe.json",
        "sources.json",
        "comparisons.csv",
        "summary.parquet",
        "comparisons.parquet",
        "missing.parquet",
        "asking.parquet",
        "questions.json",
        "missing_answers.parquet",
    }
    assert "personas.parquet" not in names  # drawn respondents' answers stay at home
    assert (result.folder / "personas.parquet").is_file()


def test_the_files_can_be_read_back(result: RunResult) -> None:
    pd.testing.assert_frame_equal(pd.read_parquet(result.folder / "scores.parquet"), result.scores)
    recipe = json.loads((result.folder / "recipe.json").read_text())
    assert type(result.recipe).model_validate(recipe) == result.recipe
    descriptors = pd.read_csv(result.folder / "descriptors.csv")
    assert len(descriptors) == 2 * 54
    json.loads(result.to_json())


def test_a_descriptor_of_ones_own_is_used_and_recorded(
    result: RunResult, workspace: Path, tmp_path: Path
) -> None:
    own = tmp_path / "own.csv"
    table = pd.read_csv(result.folder / "descriptors.csv")
    row = table.query("variant == 'hedged' and item == 'F063' and score == 10").copy()
    row["text"] = "You feel completely that God matters, in your own way. This says nothing else about you."
    row.to_csv(own, index=False)
    changed = small(workspace, f"descriptors.overrides={own}")
    written = pd.read_csv(changed.folder / "descriptors.csv")
    assert (written["writer"] == "override").sum() == 1
    assert changed.usage["calls"] > 0  # only the personas that carry it are new
    assert changed.usage["calls"] < result.usage["calls"] / 2


def test_the_concurrency_changes_no_digit(result: RunResult, tmp_path: Path) -> None:
    alone = small(tmp_path, "respondent.concurrency=1")
    pd.testing.assert_frame_equal(alone.scores, result.scores, check_exact=True)


def test_leaving_a_country_out_changes_nothing_in_the_others(result: RunResult, workspace: Path) -> None:
    part = small(workspace, 'survey.countries=["XNA", "XNC"]')
    kept = result.scores[result.scores["country"].isin(["XNA", "XNC"])].reset_index(drop=True)
    of_others = ["predicted_lower", "predicted_upper"]  # made of other countries' errors
    pd.testing.assert_frame_equal(
        part.scores.drop(columns=of_others), kept.drop(columns=of_others), rtol=1e-12
    )


@pytest.fixture
def server() -> Iterator[FakeServer]:
    from value_personas.programs.engines.synthetic import SyntheticRespondent

    with FakeServer(engine=SyntheticRespondent(), model="my-model") as running:
        yield running


def test_over_http_the_digits_are_those_of_the_embedded_engine(
    result: RunResult, tmp_path: Path, server: FakeServer
) -> None:
    remote = small(
        tmp_path,
        "respondent.lm=openai/my-model",
        f"respondent.base_url={server.url}",
        "respondent.concurrency=8",
        "respondent.option_order=forward",
    )
    pd.testing.assert_frame_equal(remote.scores, result.scores, rtol=1e-9)
    assert remote.synthetic == ("population",)


def test_an_engine_without_logprobs_is_sampled_or_refused(tmp_path: Path) -> None:
    from value_personas.programs.engines.synthetic import SyntheticRespondent

    with FakeServer({"no-logprobs": 1.0}, engine=SyntheticRespondent(), model="m") as mute:
        where = ("respondent.lm=openai/m", f"respondent.base_url={mute.url}", 'personas=["country"]')
        with pytest.raises(EngineError, match="reports no log-probabilities, which the recipe demands"):
            small(tmp_path, *where, "respondent.elicitation.mode=logprobs")
        few = ('questions.include=["Q29"]', "cultural_map.ask=false")
        sampled = small(tmp_path, *where, "respondent.elicitation.draws=5", *few)
    assert any("5 sampled answers" in note for note in sampled.notes)
    assert 80 <= sampled.usage["calls"] < 80 * 2  # a page's draws go in one call
    assert sampled.usage["output_tokens"] >= 80 * 5


def test_a_tracking_store_that_cannot_be_written_loses_no_table(tmp_path: Path) -> None:
    blocked = tmp_path / "blocked"
    blocked.write_text("not a folder")
    recipe = load_recipe(None, [f"tracking.uri=sqlite:///{blocked}/mlflow.db"])
    with pytest.raises(StoreError, match="the tables are in"):
        record_run(Workspace.open(tmp_path / "w"), Record(recipe, "name", {"a": 1.0}, {}, tmp_path))


def test_no_answer_is_lost_between_store_and_table(result: RunResult, workspace: Path) -> None:
    with sqlite3.connect(workspace / "answers.db") as store:
        (stored,) = store.execute("select count(*) from replies").fetchone()
    assert stored >= result.usage["calls"]


@pytest.mark.shared
def test_recoded_questions_are_not_scored_unseen(shared_dir: Path, tmp_path: Path) -> None:
    file = shared_dir / "surveys" / "moreno_clivagem_chile2018.sav"
    settings = [f"workspace={tmp_path}", f"survey.path={file}", 'survey.reverse=["E018", "G006"]']
    with pytest.raises(SurveyError, match=r"nothing tells which way round C001, C002, E023, F028"):
        run(load_recipe("wvs", [*settings, "profiles.n=5"]))


@pytest.mark.parametrize("design", ["systematic", "all"])
def test_personas_that_tell_no_values_need_no_value_items(tmp_path: Path, design: str) -> None:
    file = write_without_items(tmp_path / "s.sav")
    kinds = '["none", "country", "demographic"]'
    settings = [f"survey.path={file}", f"survey.codebook={draft_of(file)}", f"workspace={tmp_path / 'w'}"]
    settings += ['questions.include=["trust", "happy"]', f"profiles.design={design}", "profiles.n=12"]
    result = run(load_recipe("quickstart", [*settings, f"personas={kinds}", "cultural_map.ask=false"]))
    assert list(dict.fromkeys(result.scores["method"])) == ["none", "country", "demographic"]
    assert result.scores["predicted_share"].notna().all()
    assert any("nothing here rests on values" in note for note in result.notes)
    with pytest.raises(SurveyError, match=r"holds no item of instrument inglehart-welzel .* need them"):
        run(load_recipe("quickstart", settings))
    with pytest.raises(SurveyError, match="regressions"):
        run(load_recipe("quickstart", [*settings, f"personas={kinds}", 'comparators.names=["ridge"]']))


def test_the_command_prints_the_structure_of_a_run(
    workspace: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    result = small(workspace, "profiles.n=25", 'personas=["none", "values-hedged"]')
    table = pd.read_csv(result.folder / "structure.csv")
    assert set(table["measure"]) >= {"pattern", "hit_rate", "flipped"}
    assert call(monkeypatch, "structure", str(result.folder), "--json") == 0
    told = json.loads(capsys.readouterr().out)["structure"]
    assert [row["estimate"] for row in told] == [None if np.isnan(v) else v for v in table["estimate"]]
    assert call(monkeypatch, "structure", str(result.folder), "--meanings") == 0
    printed = capsys.readouterr().out
    assert "own answer" in printed
    assert "halves" in printed
