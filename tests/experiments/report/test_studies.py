"""A study of several runs has a page of its own, made as a run's is."""

from pathlib import Path

import pandas as pd
import pytest
from mlflow import MlflowClient

from tests.experiments.report.conftest import Reported
from tests.experiments.report.runs import write_shapley
from value_personas import load_recipe
from value_personas.experiments.recipe.study_record import StudyRecord, read_study, write_study
from value_personas.experiments.report import report
from value_personas.experiments.report.studies import _in_short, page_of_study
from value_personas.experiments.scoring import SCORES, shape_scores
from value_personas.experiments.scoring.digits import three_digits
from value_personas.experiments.search import search
from value_personas.experiments.shapley.record import RESULT_FILE, read_shapley
from value_personas.experiments.workspace.folders import Workspace
from value_personas.experiments.workspace.json_file import write_json
from value_personas.signatures import RecipeError, StoreError

RECORD = StudyRecord(
    kind="ablation", name="mine", title="mine · differences · synthetic respondent",
    base="values-hedged", level=0.95,
    synthetic=("respondent",), findings=("Supported: <b>parts</b> matter.",), methods="Variants were run.",
    notes=("one country",), failed={"n=9": "no answer"}, mlflow_run_id="f00",
)  # fmt: skip


@pytest.fixture
def ablation(reported: Reported, tmp_path: Path) -> Path:
    """Two variants, judged by one score, over all cells and in one zone."""
    columns = ["label", "factor", "level", "score", "group", "value", "cells", "baseline", "difference"]
    rows = [
        ("kind=none", "kind", "none", "normalised_mae", group, value, 48, 0.02, d, d - 0.01, d + 0.01, 0.0001)
        for group, value, d in (("all", "", 0.05), ("zone", "no zone", 0.04))
    ]
    table = pd.DataFrame(rows, columns=[*columns, "lower", "upper", "holm_p"])
    table.to_parquet(tmp_path / "ablation.parquet", index=False)
    curve = {"n": [5, 10], "score": "normalised_mae", "mean": [0.04, 0.03], "lower": [0.03, 0.02]}
    pd.DataFrame({**curve, "upper": [0.05, 0.04], "floor": 0.007}).to_csv(
        tmp_path / "error_by_personas.csv", index=False
    )
    nulls = ({"method": "uniform", "score": "normalised_mae", "mean": 0.181},)
    record = RECORD.model_copy(update={"nulls": nulls, "no_better": ("kind=none",)})
    write_study(record, reported.run.recipe, tmp_path)
    return tmp_path


def test_an_ablation_has_table_figures_findings_and_methods(ablation: Path) -> None:
    files = report(str(ablation), progress=False)
    page = files.page.read_text(encoding="utf-8")
    for said in (
        "Supported: &lt;b&gt;parts&lt;/b&gt; matter.",
        "Synthetic respondent: these figures say nothing about real people.",
        "<td>+.050</td><td>+.040\u00a0to\u00a0+.060</td><td>&lt;.001</td>",
        "kind=none · zone: no zone",
        "failed: n=9: no answer",
        "What knows nothing, on the base’s cells",
        '<th scope="row">uniform</th><td>.181</td>',
        "Not shown to be better than giving every option the same share (Wasserstein): kind=none.",
        "Variants were run.",
        'id="figure-effects"',
        'id="figure-error-by-personas"',
    ):
        assert said in page, said
    assert {path.name for path in files.figures} >= {"effects.pdf", "error-by-personas.png"}
    assert "kind=none" in (ablation / "tables" / "effects.md").read_text(encoding="utf-8")
    assert (ablation / "references.bib").is_file()


def test_a_sweep_has_the_scores_of_every_setting(reported: Reported, tmp_path: Path) -> None:
    rows = [
        (f"profiles.n={n}", method, score, 0.1 * n, 0.1 * n - 0.05, 0.1 * n + 0.05, 0.01, 3)
        for n in (5, 10)
        for method in ("none", "values-hedged")
        for score in ("normalised_mae", "variance_ratio", "rps")
    ]
    failed = ("profiles.n=15", None, None, *[float("nan")] * 4, None)
    columns = ["label", "method", "score", "mean", "lower", "upper", "floor", "missing"]
    pd.DataFrame([*rows, failed], columns=columns).to_parquet(tmp_path / "sweep.parquet", index=False)
    claim = {"label": "profiles.n=5", "claim": "Hedged is nearer", "effect": -0.02, "lower": -0.03}
    lonely = {**dict.fromkeys(("effect", "lower", "upper", "holm_p")), "label": "profiles.n=10"}
    claims = (
        {**claim, "upper": -0.01, "holm_p": 0.004, "verdict": "supported"},
        {**lonely, "claim": "Hedged is nearer", "verdict": "not tested"},
    )
    record = RECORD.model_copy(update={"kind": "sweep", "base": "", "claims": claims})
    write_study(record, reported.run.recipe, tmp_path)
    page = report(str(tmp_path), width=3.5, progress=False).page.read_text(encoding="utf-8")
    assert "<td>.500 (.450\u2060–\u2060.550)</td>" in page
    assert page.count('<th scope="row">n=5</th>') == 2 + 1  # a claim
    for name in ("normalised_mae", "variance_ratio", "rps"):
        assert SCORES[name].heading in page
    assert "target of the variance ratio" in page
    assert "<td>supported</td><td>−.020</td><td>−.030\u00a0to\u00a0−.010</td><td>.004</td>" in page
    assert "<td>not tested</td><td>–</td><td>–</td>" in page


def drawn_rows(folder: Path, reported: Reported, of_uniform: tuple[float, float]) -> list[str]:
    """The names of the rows of a sweep's figure, of two settings."""
    rows = [
        (f"profiles.n={n}", method, "normalised_mae", mean, *ends, 0.01, 0)
        for n, even in zip((5, 10), of_uniform, strict=True)
        for method, mean, ends in (("none", 0.1, (0.05, 0.15)), ("uniform", even, (float("nan"),) * 2))
    ]
    columns = ["label", "method", "score", "mean", "lower", "upper", "floor", "missing"]
    pd.DataFrame(rows, columns=columns).to_parquet(folder / "sweep.parquet", index=False)
    write_study(RECORD.model_copy(update={"kind": "sweep", "base": ""}), reported.run.recipe, folder)
    (section, _) = page_of_study(folder).sections
    assert ("n=10", "uniform", three_digits(of_uniform[1]), "0") in section.tables[0].rows
    axis = section.plates[0].figure.axes[0]
    bold = [text.get_text() for text in axis.texts]
    return [*bold, *(text.get_text() for text in axis.get_yticklabels())]


def test_what_knows_nothing_stands_in_a_sweeps_figure_once_where_settings_do_not_move_it(
    reported: Reported, tmp_path: Path
) -> None:
    heads = ["n=5", "n=10"]
    once = drawn_rows(tmp_path, reported, (0.2, 0.2))
    assert once == [*heads, "what knows nothing", "none", "none", "uniform"]
    in_each = drawn_rows(tmp_path, reported, (0.2, 0.25))
    assert in_each == [*heads, "none", "uniform", "none", "uniform"]


def test_a_search_has_what_was_chosen_and_mlflow_has_the_page(tmp_path: Path) -> None:
    space = "search.space={calibration={temperature={low=1.0, high=8.0, log=true}}}"
    sizes = ("survey.respondents=150", "profiles.n=10", 'questions.include=["Q1", "Q29"]', "search.trials=3")
    found = search(load_recipe("search", [f"workspace={tmp_path}", *sizes, space]), progress=False)
    assert read_study(found.folder).mlflow_run_id == found.mlflow_run_id != ""
    page = report(str(found.folder), progress=False).page.read_text(encoding="utf-8")
    (trained,) = found.training.to_dict("records")
    figures = (three_digits(trained[when]) for when in ("original", "chosen"))
    assert f'<th scope="row">wasserstein</th>{"".join(f"<td>{one}</td>" for one in figures)}' in page
    (judged,) = found.judged.to_dict("records")
    assert f"<td>{three_digits(judged['difference'], signed=True)}</td>" in page
    assert 'id="figure-effects"' in page
    assert page.count("<td>complete</td>") + page.count("<td>pruned</td>") == 3
    client = MlflowClient(Workspace(tmp_path).tracking_uri)
    kept = {file.path for file in client.list_artifacts(found.mlflow_run_id, "report")}
    assert kept == {"report/figures", "report/report.html", "report/tables"}


def test_a_calibration_says_before_and_after(reported: Reported, tmp_path: Path) -> None:
    parts = {"part": ["held-out", "oracle"], "cells": [12, 12], "beyond_limit": [0.25, 0.0]}
    names = [f"{name}_{when}" for name in shape_scores() for when in ("before", "after")]
    figures = {name: [0.1 + 0.01 * n, 0.5] for n, name in enumerate(names)}
    pd.DataFrame(parts | figures).to_csv(tmp_path / "calibration_summary.csv", index=False)
    nulls = tuple({"method": "permuted", "score": name, "mean": 0.25} for name in shape_scores())
    record = RECORD.model_copy(update={"kind": "calibration", "nulls": nulls})
    write_study(record, reported.run.recipe, tmp_path)
    page = report(str(tmp_path), progress=False).page.read_text(encoding="utf-8")
    assert "<td>.100 → .110</td><td>.120 → .130</td>" in page
    assert "<td>25 %</td>" in page
    assert "What knows nothing, on the held-out cells" in page
    assert f'<th scope="row">permuted</th>{"<td>.250</td>" * len(shape_scores())}' in page.replace("\n", "")


def test_shapleys_checks_stand_on_its_page(reported: Reported, tmp_path: Path) -> None:
    folder = tmp_path / "shapley" / "quickstart-1"
    write_shapley(folder, reported.run.recipe)
    found = read_shapley(folder)
    item = {"player": "F063", "name": "God", "value": -0.02, "lower": -0.03, "upper": -0.01}
    ends = {"country": "all", "v_empty": 0.15, "v_all": 0.02, "difference": -0.13, "sum": -0.13, "gap": 2e-17}
    tables = {
        "shapley": (item,),
        "leave_one_out": ({**item, "value": -0.004},),
        "only_one": ({**item, "value": -0.05},),
        "total": ({**item, "player": "all", "value": -0.13},),
        "axes": ({**item, "player": "x", "name": "survival", "value": -0.07},),
    }
    told = found.record.model_copy(update={"all_countries": tables, "checks": (ends,), "noise_floor": 0.007})
    told = told.model_copy(update={"nulls": {"uniform": 0.181}})
    write_json(folder / RESULT_FILE, told)
    page = report(str(folder), progress=False).page.read_text(encoding="utf-8")
    for said in (
        "<td>−.020</td><td>−.030\u00a0to\u00a0−.010</td><td>−.004</td><td>−.050</td>",
        "all together",
        "axis survival",
        "<td>0.1500</td><td>0.0200</td><td>−0.1300</td><td>−0.1300</td><td>2e-17</td>",
        "The noise floor is .007. What knows nothing comes to: uniform .181; personas told no item, v(∅),",
        'id="figure-shapley-bars"',
    ):
        assert said in page, said


def test_what_is_damaged_or_of_a_run_is_one_line(ablation: Path) -> None:
    with pytest.raises(RecipeError, match="--kinds is of a run"):
        report(str(ablation), kinds=["none"], progress=False)
    pd.DataFrame({"group": ["all"]}).to_parquet(ablation / "ablation.parquet", index=False)
    with pytest.raises(StoreError, match="damaged or of another version"):
        report(str(ablation), progress=False)


def test_settings_are_named_by_the_last_part_of_their_keys_where_it_tells_them_apart() -> None:
    labels = ["profiles.n=5 survey.path=a.sav", 'profiles.n=9 personas=["a.b=c"]']
    assert list(_in_short(labels).values()) == ["n=5 path=a.sav", 'n=9 personas=["a.b=c"]']
    twins = ["profiles.seed=1 survey.seed=2"]
    assert _in_short(twins) == {twins[0]: twins[0]}
