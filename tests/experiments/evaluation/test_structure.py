"""Structure within countries against people who are themselves the personas."""

import numpy as np
import pytest

from value_personas import load_recipe
from value_personas.experiments.evaluation.structure import STRUCTURE
from value_personas.experiments.progress.reporter import Silent
from value_personas.experiments.run.outcome import Outcome
from value_personas.experiments.run.pipeline import carry_out
from value_personas.experiments.workspace.folders import Workspace


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Outcome:
    workspace = tmp_path_factory.mktemp("workspace")
    settings = [
        f"workspace={workspace}", "survey.respondents=150", "profiles.n=40", "cultural_map.ask=false",
        'questions.include=["Q29", "Q185", "Q1", "Q33", "Q171", "Q106"]', "scoring.persona_draws=0",
        'personas=["none", "country", "values-hedged", "shuffled"]', "scoring.floor_draws=20",
        "calibration.kinds=[]",
    ]  # fmt: skip
    return carry_out(load_recipe("quickstart", settings), Workspace.open(workspace), Silent())


def test_only_kinds_that_tell_persons_apart_are_measured(outcome: Outcome) -> None:
    table = outcome.structure
    assert set(table["kind"]) == {"values-hedged", "shuffled"}
    assert list(table[table["kind"] == "shuffled"]["measure"]) == list(STRUCTURE)
    assert (table["lower"].dropna() <= table.loc[table["lower"].notna(), "estimate"]).all()


def test_hits_are_counted_against_the_respondents_own_answers(outcome: Outcome) -> None:
    panel, survey = outcome.asked.panels["values-hedged"], outcome.survey
    hits: dict[str, list[list[float]]] = {}
    for persona, log_p in zip(panel.personas, panel.log_p, strict=True):
        for place in persona.draws:
            row = outcome.populations.of(persona.country).people[place].respondent
            assert row is not None
            told = [survey.coded[q.code][row] for q in panel.questions]
            found = [
                np.nan if code < 0 or np.isnan(p[0]) else float(np.nanargmax(p) == code)
                for code, p in zip(told, log_p, strict=True)
            ]
            hits.setdefault(persona.country, []).append(found)
    expected = np.mean([np.nanmean(np.array(rows), axis=0).mean() for rows in hits.values()])
    row = outcome.structure.set_index(["kind", "measure"]).loc[("values-hedged", "hit_rate")]
    assert row["estimate"] == pytest.approx(expected, abs=1e-9)
    assert 0.2 < row["people"] < 0.8


def test_other_peoples_values_do_not_tell_a_respondents_own_answer(outcome: Outcome) -> None:
    found = outcome.structure.set_index(["kind", "measure"])["estimate"]
    assert found["shuffled", "coefficients"] < found["values-hedged", "coefficients"]
    assert found["shuffled", "hit_rate"] < found["values-hedged", "hit_rate"]
    assert found["values-hedged", "first_component"] > found["values-hedged", "first_component_answers"]
