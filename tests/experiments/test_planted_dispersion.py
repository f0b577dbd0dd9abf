"""On the synthetic population the fitted T finds the respondent's own under-dispersion."""

import asyncio

import pytest

import data
from experiments.answer_store import AnswerStore
from experiments.asking import ask_everything, asking_of
from experiments.calibration.oracle import fit_strength
from experiments.calibration.panel_of_run import panel_of_run
from experiments.calibration.setting import Setting
from experiments.judging import human_answers
from experiments.models import Models
from experiments.population_stage import draw_populations
from experiments.recipe_files import load_recipe
from experiments.survey_stage import open_survey
from experiments.workspace import Workspace

KIND = "values-hedged"


def answered(folder, sharpness):
    """What the embedded respondent, every other fault left on, answers as hedged value personas."""
    recipe = load_recipe(
        "quickstart",
        [
            f"workspace={folder}",
            "survey.respondents=400",
            "profiles.n=60",
            f'personas=["{KIND}"]',
            f"respondent.parameters.sharpness={sharpness}",
        ],
    )
    workspace = Workspace.open(recipe.workspace)
    survey = open_survey(recipe, workspace)
    profiles = data.value_profiles(survey, recipe.profiles.instrument)
    asking = asking_of(draw_populations(recipe, survey, profiles), survey)
    with AnswerStore(workspace.answers) as store:
        asked = asyncio.run(ask_everything(recipe, asking, Models(store), lambda *_: None))
    human = human_answers(recipe, survey, survey.countries, survey.questions)
    return panel_of_run(asked.panels[KIND], human.probabilities, {}, method=KIND, synthetic=("respondent",))


@pytest.mark.slow
@pytest.mark.parametrize("sharpness", [1.5, 3.0, 6.0])
def test_the_fitted_temperature_is_the_planted_sharpness_within_ten_percent(tmp_path, sharpness):
    panel = answered(tmp_path, sharpness)
    training = panel.training(panel.countries[:5], panel.questions[::2])
    record = fit_strength(training, Setting(level="persona"), "wasserstein")
    assert record.setting.strength["all"] == pytest.approx(sharpness, rel=0.1)
