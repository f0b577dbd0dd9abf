"""On the synthetic population the fitted T finds the respondent's own under-dispersion."""

import asyncio

import pytest

from value_personas import data
from value_personas.experiments.answer_store import AnswerStore
from value_personas.experiments.calibration.oracle import fit_strength
from value_personas.experiments.evaluation.answers import answers_of
from value_personas.experiments.evaluation.floors import Floors
from value_personas.experiments.evaluation.judging import human_answers
from value_personas.experiments.fieldwork.asking import ask_everything, asking_of
from value_personas.experiments.fieldwork.models import Models
from value_personas.experiments.fieldwork.sample import draw_populations
from value_personas.experiments.fieldwork.survey import open_survey
from value_personas.experiments.recipe.loading import load_recipe
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs.calibration.setting import Setting

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
    floors = Floors(recipe.seed, recipe.scoring.floor_draws)
    human = human_answers(floors, survey, survey.countries, survey.questions)
    return answers_of(asked.panels[KIND], human.probabilities, {}, method=KIND, synthetic=("respondent",))


@pytest.mark.slow
@pytest.mark.parametrize("sharpness", [1.5, 3.0, 6.0])
def test_the_fitted_temperature_is_the_planted_sharpness_within_ten_percent(tmp_path, sharpness):
    panel = answered(tmp_path, sharpness)
    training = panel.training(panel.countries[:5], panel.questions[::2])
    record = fit_strength(training, Setting(level="persona"), "wasserstein")
    assert record.setting.strength["all"] == pytest.approx(sharpness, rel=0.1)
