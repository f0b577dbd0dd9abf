"""The search: resumed, shared, pruned, and never mixed with another."""

from typing import get_args

import optuna
import pytest
from optuna.trial import TrialState
from pydantic import ValidationError

from tests.experiments.calibration.builders import stored_panel, whole
from value_personas.experiments.calibration.oracle import fit_strength
from value_personas.experiments.calibration.search import CalibrationProblem, fitted
from value_personas.experiments.optuna_study import Searched, search_settings
from value_personas.experiments.optuna_study.study import open_study
from value_personas.experiments.recipe.calibration import SearchSettings
from value_personas.programs.calibration.setting import MethodName, Setting
from value_personas.signatures import StoreError

METHODS = get_args(MethodName)
TILT = SearchSettings(methods=("tilt",), levels=("persona",), trials=25)


def searched(panel, settings, folder, *, seed=0, reporter=None) -> Searched[Setting]:
    problem = CalibrationProblem(panel, settings)
    return search_settings(problem, folder, seed=seed, reporter=reporter, processes=settings.workers)


def search(panel, settings, folder, *, seed=0, reporter=None) -> optuna.Study:
    return searched(panel, settings, folder, seed=seed, reporter=reporter).study


class Told:
    """A reporter that keeps what it is told."""

    def __init__(self):
        self.seen = []

    def stage(self, text):
        raise AssertionError(text)

    note = stage

    def answered(self, kind, n, total):
        self.seen.append((kind, n, total))


@pytest.fixture(scope="module")
def panel():
    return whole(stored_panel(planted=2.5))


def test_it_finds_the_planted_dispersion(panel, tmp_path):
    told = Told()
    found = searched(panel, TILT, tmp_path, seed=1, reporter=told)
    record = fitted(found, CalibrationProblem(panel, TILT))
    grid = fit_strength(panel, Setting(level="persona"), "wasserstein")
    assert record.setting.strength["all"] == pytest.approx(grid.setting.strength["all"], rel=0.1)
    assert (record.countries, record.questions, record.trials) == (panel.countries, panel.questions, 25)
    assert record.value == pytest.approx(sum(record.folds.values()) / 3)
    assert record.study == found.study.study_name
    assert told.seen == [("settings tried", 0, 25), *[("settings tried", 1, 25)] * 25]
    assert list(found.table().columns[:3]) == ["number", "state", "wasserstein"]


def test_the_same_seed_tries_the_same_settings(panel, tmp_path):
    params = [
        [trial.params for trial in search(panel, TILT, tmp_path / name, seed=5).trials] for name in ("a", "b")
    ]
    assert params[0] == params[1]


def test_a_stopped_study_goes_on_and_a_finished_one_adds_nothing(panel, tmp_path):
    first = search(panel, TILT.model_copy(update={"trials": 6}), tmp_path)
    before = [trial.params for trial in first.trials]
    study = search(panel, TILT.model_copy(update={"trials": 11}), tmp_path)
    assert [trial.params for trial in study.trials[:6]] == before
    assert len(study.trials) == 11
    assert study.trials[6].params != before[0]
    assert len(search(panel, TILT.model_copy(update={"trials": 8}), tmp_path).trials) == 11


@pytest.mark.slow
def test_workers_share_one_study(panel, tmp_path):
    study = search(panel, TILT.model_copy(update={"workers": 2, "trials": 9}), tmp_path)
    assert len(study.trials) == 9
    assert len({str(trial.params) for trial in study.trials}) == 9


@pytest.mark.parametrize("pruner", ["median", "hyperband"])
def test_poor_settings_are_stopped_after_the_first_folds(panel, tmp_path, pruner):
    settings = TILT.model_copy(update={"pruner": pruner, "trials": 40, "methods": ("tilt", "uniform")})
    study = search(panel, settings, tmp_path)
    pruned = study.get_trials(states=(TrialState.PRUNED,))
    assert pruned
    assert all(max(trial.intermediate_values) < 3 for trial in pruned)


def test_two_objectives_give_a_front(panel, tmp_path):
    settings = TILT.model_copy(
        update={"objectives": ("js_distance", "variance_ratio"), "methods": ("end-points", "temperature")}
    )
    found = searched(panel, settings, tmp_path)
    assert len(found.study.directions) == 2
    best = min(trial.values[0] for trial in found.study.trials)
    assert fitted(found, CalibrationProblem(panel, settings)).value == pytest.approx(best)


def test_every_method_can_be_searched(tmp_path):
    panel = whole(stored_panel(draws=20))
    settings = SearchSettings(
        methods=METHODS, per=("all", "scale_length", "topic"), trials=60, alphas=(0.5, 1.0), pruner="none"
    )
    study = search(panel, settings, tmp_path)
    tried = {trial.params["method"] for trial in study.get_trials(states=(TrialState.COMPLETE,))}
    assert tried == set(METHODS)
    assert all(t.params["alpha"] in (0.5, 1.0) for t in study.trials)
    assert not any("level" in t.params for t in study.trials if t.params["method"] == "dirichlet")


def test_a_named_study_of_other_answers_is_refused(panel, tmp_path):
    settings = TILT.model_copy(update={"study": "mine", "trials": 2})
    search(panel, settings, tmp_path)
    with pytest.raises(StoreError, match="other stored answers"):
        open_study(CalibrationProblem(whole(stored_panel(seed=9)), settings), tmp_path, 0)


def test_a_study_may_live_at_a_url(panel, tmp_path):
    settings = TILT.model_copy(update={"storage": f"sqlite:///{tmp_path / 'optuna.db'}", "trials": 3})
    assert len(search(panel, settings, tmp_path).trials) == 3
    assert not (tmp_path / "optuna.journal").exists()


def test_a_bad_url_is_one_line_without_its_password(panel, tmp_path):
    settings = TILT.model_copy(update={"storage": "nonsense://user:secret@host/db"})
    with pytest.raises(StoreError) as caught:
        open_study(CalibrationProblem(panel, settings), tmp_path, 0)
    assert "secret" not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "change",
    [
        {"temperature": (5.0, 2.0)},
        {"methods": ()},
        {"methods": ("dirichlet",), "levels": ("persona",)},
        {"trails": 3},
    ],
)
def test_impossible_settings_are_refused(change):
    with pytest.raises(ValidationError):
        SearchSettings(**change)


def test_no_optuna_chatter(panel, tmp_path, capfd):
    search(panel, TILT.model_copy(update={"trials": 2}), tmp_path)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == optuna.logging.WARNING
