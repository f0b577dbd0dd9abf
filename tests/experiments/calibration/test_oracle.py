"""On the synthetic population the fitted T finds the respondent's own under-dispersion."""

import pytest

from value_personas.experiments.calibration.oracle import fit_strength
from value_personas.experiments.evaluation.floors import Floors
from value_personas.experiments.evaluation.human import human_answers
from value_personas.experiments.evaluation.layout import answers_of
from value_personas.experiments.fieldwork.asking import ask_everything
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.preparing import prepare
from value_personas.experiments.recipe.loading import load_recipe
from value_personas.experiments.workspace.folders import Workspace
from value_personas.programs.calibration.setting import Setting
from value_personas.programs.engines import nobody

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
    with Fieldwork(Workspace.open(recipe.workspace), nobody) as field:
        ready = prepare(field, recipe)
        survey = ready.survey
        asked = ask_everything(field, ready.asking, lambda *_: None)
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
