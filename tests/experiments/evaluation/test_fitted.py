"""What calibrate found, applied in a run: marked cells, held-out means apart, and what is refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlflow import MlflowClient

from tests.experiments.commands.typed import call
from value_personas import RunResult, calibrate, load_recipe, run
from value_personas.experiments.calibration.calibrate import CalibrationResult
from value_personas.experiments.evaluation.fitted import (
    calibration_notes,
    find_calibrations,
    read_calibration,
    require_applicable,
    study_calibration,
)
from value_personas.experiments.export.stored import read_answers
from value_personas.experiments.run.rerun import rerun
from value_personas.experiments.tracking import calibration_file
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs import PanelResult
from value_personas.programs.calibration import tilt
from value_personas.signatures import Question, RecipeError, Scale

KIND, CALIBRATED = "values-hedged", "values-hedged + calibrated"

SMALL = (
    "survey.respondents=150",
    "profiles.n=8",
    'questions.include=["Q29", "Q49", "Q185", "Q199", "Q33", "Q36"]',
    'personas=["country", "values-hedged"]',
    "scoring.draws=200",
    "scoring.floor_draws=20",
    "scoring.persona_draws=2",
    "calibration.search.trials=12",
    'calibration.search.levels=["persona"]',
)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("fitted")


@pytest.fixture(scope="module")
def plain(place: Path) -> RunResult:
    return run(load_recipe("quickstart", [f"workspace={place}", *SMALL, "calibration.temperature=1"]))


@pytest.fixture(scope="module")
def found(place: Path, plain: RunResult) -> CalibrationResult:
    return calibrate(load_recipe("quickstart", [f"workspace={place}", *SMALL]))


@pytest.fixture(scope="module")
def fitted(place: Path, found: CalibrationResult) -> RunResult:
    return run(load_recipe("quickstart", [f"workspace={place}", *SMALL, "calibration.fitted=latest"]))


def test_what_is_found_improves_cells_that_it_has_not_seen(
    plain: RunResult, found: CalibrationResult, fitted: RunResult
) -> None:
    scores = fitted.scores.set_index(["method", "country", "question"])
    cells = scores.loc[CALIBRATED]
    unseen = cells[cells["fitted"] == "no"]
    assert 0 < len(unseen) < len(cells)
    before = scores.loc[KIND].loc[unseen.index]
    assert unseen["wasserstein"].mean() < before["wasserstein"].mean()
    (at,) = set(found.record.setting.strength)
    estimates = fitted.estimates[fitted.estimates["question"] == "Q29"]
    raw = read_answers(fitted, [KIND], calibrated=False).answers[0].panel
    q = tilt(np.exp(raw.log_p[0, 0, :, :4]), raw.scores[0, :4], found.record.setting.strength[at])
    shown = estimates[(estimates["method"] == CALIBRATED) & (estimates["country"] == raw.countries[0])]
    np.testing.assert_allclose(shown["predicted"], raw.weights[0] @ q, atol=1e-12)
    widened = read_answers(fitted, [KIND], calibrated=True).answers[0].panel
    np.testing.assert_allclose(np.exp(widened.log_p[0, 0, :, :4]), q, atol=1e-12)


def test_its_cells_are_marked_and_held_out_means_stand_apart(
    found: CalibrationResult, fitted: RunResult
) -> None:
    record, scores = found.record, fitted.scores
    seen = scores["country"].isin(record.countries) | scores["question"].isin(record.questions)
    own = scores["method"] == CALIBRATED
    assert (scores.loc[own, "fitted"] == np.where(seen[own], "training", "no")).all()
    assert (scores.loc[~own, "fitted"] == "no").all()
    assert fitted.held_out is not None
    size = fitted.held_out.countries * fitted.held_out.questions
    assert size == int((~seen[own]).sum())
    assert any("its calibration (latest) was fitted on" in note for note in fitted.notes)


def test_it_is_recorded_registered_and_told_of(found: CalibrationResult, fitted: RunResult) -> None:
    client = MlflowClient(Workspace.open(fitted.recipe.workspace).tracking_uri)
    tags = client.get_run(found.mlflow_run_id).data.tags
    assert (tags["kind"], tags["calibration"]) == ("calibration", found.record.setting.in_one_line())
    inputs = client.get_run(fitted.mlflow_run_id).inputs.dataset_inputs
    assert "calibration.fitted" in {entry.tags[0].value for entry in inputs}
    assert found.model == "models:/quickstart-calibration/1"
    assert read_calibration(fitted.folder / "calibration.json") == found.record
    assert (found.record.kind, found.record.elicitation) == (KIND, "probabilities")


def test_a_file_a_registered_version_and_latest_are_the_same(
    place: Path, found: CalibrationResult, fitted: RunResult
) -> None:
    for name in (str(found.file), found.model, "latest"):
        recipe = load_recipe("quickstart", [f"workspace={place}", f"calibration.fitted={name}"])
        file = calibration_file(recipe)
        (one,) = find_calibrations(recipe.calibration, file)
        assert one.record == found.record
        assert (
            study_calibration(recipe.calibration, file, recipe.respondent.elicitation, QUESTIONS).setting
            == found.record.setting
        )
    with pytest.raises(RecipeError, match=r"calibration\.fitted: models:/x/9 is not in the registry"):
        calibration_file(load_recipe("quickstart", [f"workspace={place}", "calibration.fitted=models:/x/9"]))
    with pytest.raises(RecipeError, match="nothing was found for tune"):
        calibration_file(load_recipe("tune", [f"workspace={place}", "calibration.fitted=latest"]))


def test_a_rerun_takes_the_records_own_copy(place: Path, found: CalibrationResult, fitted: RunResult) -> None:
    kept = found.file.read_text()
    found.file.write_text("{}")
    try:
        again = rerun(fitted.folder.name, workspace=place)
    finally:
        found.file.write_text(kept)
    assert again.agrees
    assert again.calls == 0


def test_temperature_and_fitted_give_way_to_each_other_and_are_not_had_together(tmp_path: Path) -> None:
    over = load_recipe("quickstart", ["calibration.fitted=a.json"]).calibration
    assert (over.temperature, over.fitted) == (None, "a.json")
    assert load_recipe("quickstart", ["calibration.fitted="]).calibration.temperature == 2.0
    file = tmp_path / "mine.toml"
    file.write_text('extends = "quickstart"\n[calibration]\nfitted = "found/calibration.json"\n')
    assert load_recipe(file).calibration.fitted == str(tmp_path / "found/calibration.json")
    assert load_recipe(file, ["calibration.temperature=3"]).calibration.fitted is None
    with pytest.raises(RecipeError, match="temperature and fitted are two ways of saying one thing"):
        load_recipe("quickstart", ["calibration.fitted=latest", "calibration.temperature=3"])


QUESTIONS = (Question("Q1", "one", Scale(("a", "b", "c"), (1, 2, 3))),)
RECORD: dict[str, Any] = {
    "setting": {"strength": {"all": 2.0}},
    "countries": ["XNA"],
    "questions": ["Q1"],
    "objective": "wasserstein",
    "value": 0.1,
}


@pytest.mark.parametrize(
    ("content", "told"),
    [
        ("no JSON", "damaged or of another version: no JSON object"),
        (json.dumps({**RECORD, "setting": {"method": "magic"}}), "setting.method"),
        (json.dumps({**RECORD, "setting": {"strength": {"all": 0.0}}}), "lead to no distribution"),
        (json.dumps({**RECORD, "setting": {"strength": {"a\nb": 1.0}}}), "setting.strength"),
        (
            json.dumps({**RECORD, "setting": {"method": "pooled-shape"}}),
            "no pooled shape was fitted for scales",
        ),
        (
            json.dumps({**RECORD, "setting": {"method": "pooled-shape", "shapes": {"4": [9, 9, 9, 9]}}}),
            "calibration.fitted: ",
        ),
        ("[" * 100_000, "damaged or of another version: no JSON object"),
    ],
)
def test_a_damaged_or_hostile_file_is_one_line(
    content: str,
    told: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = tmp_path / "calibration.json"
    file.write_text(content)
    settings = (*SMALL[:5], f"calibration.fitted={json.dumps(str(file))}", "survey.respondents=50")
    words = [word for one in settings for word in ("--set", one)]
    assert call(monkeypatch, "run", *words, "--workspace", str(tmp_path / "ws")) == 2
    said = capsys.readouterr().err.strip().splitlines()
    assert told in said[-1]
    assert "Traceback" not in "".join(said)


def test_what_it_was_fitted_to_otherwise_is_said(tmp_path: Path) -> None:
    file = tmp_path / "calibration.json"
    other = {"kind": "country", "respondent": "other/model", "elicitation": "10 counted answers"}
    grouped = {"setting": {"per": "scale_length", "strength": {"4": 2.0}}, "synthetic": ["respondent"]}
    file.write_text(json.dumps({**RECORD, **other, **grouped}))
    recipe = load_recipe("quickstart", [f"calibration.fitted={file}"])
    found = find_calibrations(recipe.calibration, file)
    require_applicable(recipe.respondent.elicitation, found, QUESTIONS)
    one = np.zeros((1, 1))
    panel = PanelResult((), QUESTIONS, np.zeros((1, 1, 3)), one, one, one.astype(np.int8), one[0], one[0])
    panels = dict.fromkeys(recipe.personas, panel)
    said = "\n".join(calibration_notes(recipe.calibration, found, panels, "this/model", synthetic=False))
    for what in (
        "other/model",
        "10 counted answers",
        "applied to values-hedged",
        "synthetic",
        "has no strength for 3",
    ):
        assert what in said
    smoothed = {**RECORD, "setting": {"strength": {"all": 2.0}, "alpha": 0.5}}
    file.write_text(json.dumps(smoothed))
    asked = load_recipe("quickstart", [f"calibration.fitted={file}", "respondent.elicitation.mode=logprobs"])
    with pytest.raises(RecipeError, match="smooths counted answers"):
        require_applicable(
            asked.respondent.elicitation, find_calibrations(asked.calibration, file), QUESTIONS
        )
