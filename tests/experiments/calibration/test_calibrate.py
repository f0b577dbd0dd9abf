"""From stored answers to a judged calibration, in Python and on the command line."""

import json

import numpy as np
import pandas as pd
import pytest
import typer
from mlflow import MlflowClient
from typer.testing import CliRunner

from tests.experiments.calibration.builders import stored_panel
from value_personas.experiments.calibration.before_after import before_after, variance_limit
from value_personas.experiments.calibration.calibrate import fit_calibration, split_panel
from value_personas.experiments.calibration.judged import apply_calibration
from value_personas.experiments.commands.calibrate import calibrate as command
from value_personas.experiments.evaluation.answers import panel_file
from value_personas.experiments.evaluation.calibrated import Prepared
from value_personas.experiments.recipe.calibration import SearchSettings
from value_personas.programs.calibration import MaximumEntropyMix
from value_personas.programs.calibration import calibrate as apply
from value_personas.programs.calibration.setting import FittedCalibration, Setting
from value_personas.signatures import StatisticsError

QUICK = SearchSettings(trials=12, held_out_zones=("Z1",), held_out_questions=0.4)


def record(level="persona", **changes):
    values = {
        "setting": Setting(level=level, strength={"all": 2.0}),
        "countries": ("C0", "C1"),
        "questions": ("Q0", "Q1"),
        "objective": "wasserstein",
        "value": 0.1,
    }
    return FittedCalibration(**(values | changes))


@pytest.fixture(scope="module")
def result(tmp_path_factory):
    return fit_calibration(stored_panel(countries=8), QUICK, tmp_path_factory.mktemp("calibration"), seed=3)


def test_nothing_held_out_was_fitted_on(result):
    assert not set(result.record.countries) & {"C2", "C3"}
    held = result.table[result.table["part"] == "held-out"]
    assert set(held["country"]) == {"C2", "C3"}
    assert not set(held["question"]) & set(result.record.questions)
    assert len(held) > 0


def test_means_do_not_move_and_the_shape_gets_better(result):
    assert result.table["mean_difference"].abs().max() < 1e-9
    held = result.summary.set_index("part").loc["held-out"]
    assert held["wasserstein_after"] < held["wasserstein_before"]
    assert held["variance_ratio_before"] < held["variance_ratio_after"] < 1.2
    assert result.summary["part"].tolist()[-1] == "oracle"


def test_a_scale_length_that_training_lacks_is_told_before_the_search(tmp_path):
    panel = stored_panel(countries=8)
    learns = QUICK.model_copy(update={"methods": ("pooled-shape",)})
    lacking = next(s for s in range(50) if set(split_panel(panel, QUICK, s)[1].held_out) & {"Q3", "Q5"})
    with pytest.raises(StatisticsError, match=r"no training question has (2 options as Q5|5 options as Q3)"):
        fit_calibration(panel, learns, tmp_path / "told", seed=lacking)
    assert not (tmp_path / "told").exists()  # nothing was searched
    fit_calibration(panel, QUICK, tmp_path / "tilt", seed=lacking)
    has_all = next(s for s in range(50) if not set(split_panel(panel, QUICK, s)[1].held_out) & {"Q3", "Q5"})
    assert set(fit_calibration(panel, learns, tmp_path, seed=has_all).record.setting.shapes) > {"2", "5"}


def test_what_knows_nothing_stands_beside_on_the_held_out_cells(result):
    panel = stored_panel(countries=8)
    held = result.table[result.table["part"] == "held-out"]
    cells = [
        (panel.countries.index(c), panel.questions.index(q))
        for c, q in zip(held["country"], held["question"], strict=True)
    ]
    far = []
    for c, m in cells:
        k, r = panel.lengths[m], panel.scores[m, : panel.lengths[m]]
        off = np.cumsum(panel.human[c, m, :k] - 1 / k)[:-1]
        far.append((np.abs(off) * np.abs(np.diff(r))).sum() / np.ptp(r))
    means = result.nulls.set_index(["method", "score"])["mean"]
    assert means["uniform", "wasserstein"] == pytest.approx(np.mean(far))
    assert set(result.nulls["method"]) == {"uniform", "majority", "permuted"}
    told = json.loads(result.to_json())
    assert len(told["nulls"]) == len(result.nulls)
    before = held["wasserstein_before"].to_numpy() - np.array(far)
    assert ("before" in result.no_better) or before.mean() < 0
    assert told["not_better_than_uniform"] == list(result.no_better)


def test_answers_as_bad_as_nothing_are_told_so(tmp_path):
    panel = stored_panel(countries=8)
    values = {name: getattr(panel, name) for name in panel.__dataclass_fields__}
    even = np.log(np.where(panel.mask, 1.0 / panel.lengths[:, None], np.nan))[None, :, None]
    flat = type(panel)(**values | {"log_p": np.broadcast_to(even, panel.log_p.shape).copy()})
    found = fit_calibration(flat, QUICK, tmp_path, seed=3)
    assert found.no_better == ("before", "after")


def test_everything_is_written_down(result):
    kept = FittedCalibration.model_validate_json(
        (result.folder / "calibration.json").read_text(encoding="utf-8")
    )
    assert kept == result.record
    assert len(pd.read_parquet(result.folder / "before_after.parquet")) == 8 * 6
    assert json.loads(result.to_json())["record"]["trials"] == 12


def test_a_front_is_drawn_for_two_objectives(tmp_path):
    settings = QUICK.model_copy(update={"objectives": ("wasserstein", "variance_ratio")})
    fit_calibration(stored_panel(countries=8), settings, tmp_path)
    assert (tmp_path / "pareto_front.png").stat().st_size > 5000


def test_cells_say_what_the_fit_has_seen():
    judged = apply_calibration(record(), stored_panel())
    assert judged.part[0, 0] == "in-sample"
    assert judged.part[0, 5] == "new question"
    assert judged.part[5, 0] == "new country"
    assert judged.part[5, 5] == "held-out"
    assert (judged.part == "in-sample").sum() == 4
    assert apply_calibration(record(oracle=True), stored_panel()).part[0, 0] == "oracle"


@pytest.mark.parametrize("level", ["persona", "population"])
def test_the_limit_is_the_maximum_entropy_laws_variance(level):
    panel = stored_panel()
    judged = apply_calibration(record(level), panel)
    r, w, p = panel.scores[1], panel.weights[2], np.exp(panel.log_p[2, 1])
    laws = apply(MaximumEntropyMix(1.0), p if level == "persona" else w @ p, r)
    law = w @ laws if level == "persona" else laws
    limit = variance_limit(Prepared(judged.panel), judged.record.setting)
    assert limit[2, 1] == pytest.approx(law @ r**2 - (law @ r) ** 2)
    table = before_after(judged).set_index(["country", "question"])
    row = table.loc[("C2", "Q1")]
    human = panel.human[2, 1]
    assert row["human_variance"] == pytest.approx(human @ r**2 - (human @ r) ** 2)
    assert row["beyond_limit"] == (row["human_variance"] > row["variance_limit"])
    assert row["variance_after"] == pytest.approx(row["within_after"] + row["between_after"])
    assert row["variance_ratio_after"] == pytest.approx(row["variance_after"] / row["human_variance"])


def test_a_hotter_tilt_stays_below_the_limit_for_log_concave_answers():
    judged = apply_calibration(
        record(setting=Setting(strength={"all": 500.0}, level="population")), stored_panel()
    )
    table = before_after(judged)
    assert (table["variance_after"] <= table["variance_limit"] + 1e-9).all()


def test_splits_that_leave_nothing_are_refused():
    panel = stored_panel()
    with pytest.raises(StatisticsError, match="no country of zone"):
        split_panel(panel, QUICK.model_copy(update={"held_out_zones": ("Nowhere",)}), 0)
    with pytest.raises(StatisticsError, match="every zone"):
        split_panel(panel, QUICK.model_copy(update={"held_out_zones": ("Z0", "Z1", "Z2")}), 0)
    with pytest.raises(StatisticsError, match=r"of C0 alone, .* fit it on a run of several"):
        split_panel(stored_panel(countries=1), QUICK, 0)


def test_the_command_prints_one_json_object(tmp_path):
    run = tmp_path / "runs" / "quickstart-20260101T000000"
    run.mkdir(parents=True)
    stored_panel(synthetic=("respondent",)).save(panel_file(run, "values-hedged"))
    app = typer.Typer()
    app.command()(command)
    arguments = ["--workspace", str(tmp_path), "--set", "calibration.search.trials=4", "--json"]
    arguments += ["--set", 'calibration.search.held_out_zones=["Z1"]']
    done = CliRunner().invoke(app, arguments, catch_exceptions=False)
    assert json.loads(done.stdout)["synthetic"] == ["respondent"]
    assert (tmp_path / "optuna.journal").is_file()
    client = MlflowClient(f"sqlite:///{tmp_path / 'mlflow.db'}")
    (kept,) = client.search_runs([client.get_experiment_by_name("quickstart").experiment_id])
    assert kept.data.tags["synthetic"] == "respondent"
    assert kept.data.metrics["held-out/largest_mean_difference"] < 1e-9
    shown = CliRunner().invoke(
        app, arguments[:-3] + arguments[-2:], catch_exceptions=False, env={"COLUMNS": "200"}
    )
    assert "0.000000000" in shown.stdout
    assert "synthetic respondent" in shown.stdout
