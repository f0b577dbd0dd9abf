"""Intervals of predictions on countries and questions that had no part in them, over ten seeds."""

from pathlib import Path

import numpy as np
import pytest

from value_personas import load_recipe
from value_personas.experiments.evaluation.prediction_intervals import PredictionErrors
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.progress.reporter import Silent
from value_personas.experiments.run.pipeline import predict_and_judge
from value_personas.experiments.workspace.folders import Workspace


def halves(errors: PredictionErrors, rng: np.random.Generator) -> dict[str, float]:
    """How often intervals of some countries' and questions' errors hold in the others."""
    c, m = rng.permutation(errors.countries), rng.permutation(errors.questions)
    known_c, new_c, known_m, new_m = c[:5].tolist(), c[5:].tolist(), m[:16].tolist(), m[16:].tolist()
    at_c, at_m = (
        {code: place for place, code in enumerate(codes)} for codes in (errors.countries, errors.questions)
    )

    def of(countries: list[str], questions: list[str]) -> np.ndarray:
        rows, columns = [at_c[code] for code in countries], [at_m[code] for code in questions]
        return errors.means["values-hedged"][np.ix_(rows, columns)]

    known = of(known_c, known_m)
    source = PredictionErrors(tuple(known_c), tuple(known_m), {"it": known}, {"it": known})
    parts = {"countries": (new_c, known_m), "questions": (known_c, new_m), "both": (new_c, new_m)}
    return {
        name: float((of(*where) <= source.half_widths("it", *where, 0.9).mean).mean())
        for name, where in parts.items()
    }


@pytest.mark.slow
def test_they_hold_as_often_as_they_say_where_country_question_or_both_are_new(tmp_path: Path) -> None:
    found = []
    with Fieldwork(Workspace.open(tmp_path), Silent().note) as field:
        for seed in range(10):
            settings = [
                f"workspace={tmp_path}", f"seed={seed}", "survey.respondents=500", "profiles.n=40",
                'personas=["values-hedged"]', "cultural_map.ask=false", "calibration.kinds=[]",
                "hypotheses=[]", "scoring.persona_draws=0", "scoring.floor_draws=20",
            ]  # fmt: skip
            result = predict_and_judge(load_recipe("quickstart", settings), field, Silent()).result(Path())
            errors = PredictionErrors.of_tables(result.scores, result.estimates)
            rng = np.random.default_rng(seed)
            splits = [halves(errors, rng) for _ in range(20)]
            found.append({name: float(np.mean([split[name] for split in splits])) for name in splits[0]})
    means = {name: np.mean([one[name] for one in found]) for name in found[0]}
    print({name: round(float(value), 3) for name, value in means.items()})
    for name, value in means.items():
        assert 0.86 <= value <= 0.94, (name, found)
