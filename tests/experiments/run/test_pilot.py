"""What a plan rests on, and the command that prints it."""

import json

import numpy as np
import pytest
import typer
from typer.testing import CliRunner

from tests.experiments.calibration.builders import stored_panel
from value_personas.experiments.commands.power import power
from value_personas.experiments.evaluation.answers import panel_file
from value_personas.experiments.inference import half_width, plan_table
from value_personas.experiments.run.pilot import pilot_variances
from value_personas.signatures import StatisticsError


def invoke(*arguments):
    app = typer.Typer()
    app.command()(power)
    return CliRunner().invoke(app, list(arguments), catch_exceptions=False)


def test_one_personas_variance_does_not_depend_on_how_many_the_pilot_asked():
    few, many = (
        pilot_variances(
            [stored_panel(countries=12, personas=n, weights=np.full((12, n), 1 / n))], "signed_bias"
        )
        for n in (15, 60)
    )
    assert few.persona == pytest.approx(many.persona, rel=0.25)


def test_the_difference_of_a_method_from_itself_has_no_variance():
    panel = stored_panel()
    parts = pilot_variances([panel, panel])
    assert (parts.country, parts.question, parts.cell, parts.persona) == pytest.approx(
        (0, 0, 0, 0), abs=1e-15
    )


def test_pilots_that_do_not_match_are_refused():
    with pytest.raises(StatisticsError, match="same countries"):
        pilot_variances([stored_panel(), stored_panel(countries=4)])
    with pytest.raises(StatisticsError, match="no score"):
        pilot_variances([stored_panel()], "accuracy")


def test_the_command_plans_from_stated_variances(tmp_path):
    arguments = (
        "--workspace",
        str(tmp_path),
        "--variances",
        "0.0004,0.0009,0.0025,0.09",
        "--countries",
        "20",
    )
    got = json.loads(
        invoke(*arguments, "--questions", "24", "--width", "0.02", "--calls", "2", "--json").stdout
    )
    row = got["plan"][0]
    assert row["calls"] == 20 * 24 * row["personas"] * 2
    assert row["half_width"] <= 0.02
    assert "not reachable" in invoke(*arguments, "--width", "0.001").stdout


def test_the_command_plans_from_a_runs_answers(tmp_path):
    run = tmp_path / "runs" / "quickstart-1"
    run.mkdir(parents=True)
    stored_panel(synthetic=("respondent",)).save(panel_file(run, "values-hedged"))
    stored_panel(seed=3).save(panel_file(run, "country"))
    arguments = ("--workspace", str(tmp_path), "--countries", "30", "--width", "0.05")
    alone = json.loads(invoke(*arguments, "--json").stdout)
    parts = pilot_variances([stored_panel()])
    assert alone["variances"]["country"] == pytest.approx(parts.country)
    expected = plan_table(parts, [30], [6], 0.05).iloc[0]
    assert alone["plan"][0]["half_width"] == pytest.approx(expected["half_width"])
    assert expected["half_width"] <= half_width(parts, 30, 6, 1)
    shown = invoke(*arguments, "--against", "country").stdout
    assert "normalised_mae of values-hedged − country" in shown
    assert "synthetic respondent" in shown


def test_unreadable_variances_get_one_clear_line(tmp_path):
    with pytest.raises(StatisticsError, match="four numbers"):
        invoke("--workspace", str(tmp_path), "--variances", "1,2")
