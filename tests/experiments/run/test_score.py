"""Predictions made elsewhere are judged as a run judges its own."""

import shlex
from pathlib import Path

import numpy as np
import pytest

from tests.experiments.commands.typed import command
from value_personas import RunResult, load_recipe, run, score
from value_personas.experiments.calibration.calibrate import calibrate
from value_personas.experiments.report import read_material, write_report
from value_personas.experiments.run.rerun import rerun
from value_personas.experiments.run.score import scoring_recipe


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("score")


@pytest.fixture(scope="module")
def own(place: Path) -> RunResult:
    settings = ["survey.respondents=150", "profiles.n=8", 'questions.include=["Q29", "Q49", "Q185", "Q235"]']
    settings += [
        "scoring.floor_draws=20",
        "scoring.persona_draws=0",
        f"workspace={place / 'w'}",
        'personas=["none", "country"]',
    ]
    return run(load_recipe("quickstart", [*settings, "cultural_map.ask=false"]))


@pytest.fixture(scope="module")
def tables(place: Path, own: RunResult) -> list[Path]:
    """What the run's methods predicted, as a table of somebody else's, and the people's own shares."""
    told = own.estimates.rename(columns={"predicted": "share"})
    told["method"] = "their-" + told["method"].astype(str)
    told[["method", "country", "question", "option", "share"]].to_csv(place / "theirs.csv", index=False)
    people = own.estimates[own.estimates["method"] == "none"].rename(columns={"human": "share"})
    people[["country", "question", "option", "share"]].assign(n=150).to_csv(place / "shares.csv", index=False)
    return [place / "theirs.csv", place / "shares.csv"]


@pytest.fixture(scope="module")
def result(place: Path, tables: list[Path]) -> RunResult:
    return score(tables[0], tables[1], settings=[f"workspace={place / 'w'}", "scoring.floor_draws=20"])


def test_the_same_predictions_have_the_same_scores(own: RunResult, result: RunResult) -> None:
    columns = ["normalised_mae", "wasserstein", "js_distance", "variance_ratio"]
    for method in ("none", "country"):
        first = own.scores[own.scores["method"] == method].set_index(["country", "question"])[columns]
        then = result.scores[result.scores["method"] == f"their-{method}"].set_index(["country", "question"])
        np.testing.assert_allclose(then.loc[first.index, columns], first, rtol=1e-9, atol=1e-12)
    assert result.synthetic == ()
    assert result.recipe.personas == ()
    assert 0.5 < result.floor["wasserstein"] / own.floor["wasserstein"] < 2


def test_report_and_rerun_take_it(place: Path, result: RunResult) -> None:
    page = Path(write_report(read_material(result.folder, place / "w"), result.folder).page)
    text = page.read_text(encoding="utf-8")
    assert "Nothing was asked: answers are predictions in theirs.csv" in text
    assert "their-country (predictions made elsewhere)" in text
    assert rerun(str(result.folder)).agrees


def test_they_are_calibrated_on_some_cells_and_scored_again(
    place: Path, tables: list[Path], result: RunResult
) -> None:
    settings = [f"workspace={place / 'w'}", "scoring.floor_draws=20"]
    recipe = scoring_recipe(*tables, settings=[*settings, "calibration.search.trials=10"])
    found = calibrate(recipe, result.folder / "answers-their-none.npz")
    fitted = score(*tables, settings=[*settings, f"calibration.fitted={found.file}"])
    assert any(str(name).startswith("their-none + calibrated") for name in fitted.summary["method"])
    assert fitted.held_out is not None
    said = command(
        "calibrate", "wvs", "--answers", str(result.folder / "answers-their-none.npz"), "--workspace",
        str(place / "w"), "--set", "calibration.search.trials=5",
    ).stdout  # fmt: skip
    then = next(line for line in said.splitlines() if line.startswith("next"))
    assert shlex.split(then)[1:6] == ["value-personas", "score", str(tables[0]), "--survey", str(tables[1])]
    assert "calibration.fitted=" in then


def test_the_command_ends_with_one_that_calibrates_and_export_says_why_it_cannot(
    place: Path, tables: list[Path]
) -> None:
    floor = ["--set", "scoring.floor_draws=20", "--workspace", str(place / "w")]
    done = command("score", str(tables[0]), "--survey", str(tables[1]), *floor)
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("calibrate "))
    words = shlex.split(line.removeprefix("calibrate "))
    assert words[:3] == ["value-personas", "calibrate", "wvs"]
    tried = command(*words[1:], "--set", "calibration.search.trials=4")
    assert tried.returncode == 0, tried.stderr
    assert "their-" in done.stdout
    refused = command("export", "theirs", "--to", str(place / "x.sav"), "--workspace", str(place / "w"))
    assert "asked no personas" in refused.stderr
    unstructured = command("structure", "theirs", "--workspace", str(place / "w")).stderr
    assert "20 personas (profiles.n) and 40 respondents a country" in unstructured


def test_a_comparator_stands_beside(place: Path, tables: list[Path]) -> None:
    settings = [f"workspace={place / 'w'}", 'comparators.names=["training-mean"]', "scoring.floor_draws=20"]
    found = score(*tables, settings=settings)
    assert {"training-mean", "their-none"} <= set(found.summary["method"])
