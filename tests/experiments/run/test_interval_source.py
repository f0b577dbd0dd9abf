"""A country and a question of which no answers are known, with the interval of a run that was judged."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pyreadstat
import pytest

from tests.experiments.commands.typed import call
from tests.experiments.small_runs import small_run
from value_personas import RunResult, load_recipe, run
from value_personas.experiments.evaluation.prediction_intervals import PredictionErrors
from value_personas.signatures import RecipeError, SurveyError

JUDGED = ('questions.include=["Q29", "Q185", "Q1", "Q6", "Q33", "Q36"]',)


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> RunResult:
    return small_run(tmp_path_factory.mktemp("judged"), *JUDGED)


@pytest.fixture(scope="module")
def without_answers(judged: RunResult, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The embedded population's file as of people who were asked the value items alone."""
    (file,) = (judged.recipe.workspace / "synthetic").glob("*.sav")
    table, meta = pyreadstat.read_sav(file, user_missing=True)
    gone = [name for name in table if name in {"Q29", "Q177", "Q185", "Q1", "Q6", "Q33", "Q36"}]
    kept = [name for name in table if name not in gone]
    place = tmp_path_factory.mktemp("survey") / "items.sav"
    labels = {name: given for name, given in meta.variable_value_labels.items() if name in kept}
    ranges = {name: given for name, given in meta.missing_ranges.items() if name in kept}
    pyreadstat.write_sav(
        table[kept], str(place), file_label=meta.file_label, variable_value_labels=labels,
        missing_ranges=ranges,
        column_labels={n: t for n, t in meta.column_names_to_labels.items() if n in kept and t},
    )  # fmt: skip
    return place


def settings(judged: RunResult, survey: Path, *more: str) -> list[str]:
    asked = ["questions.include=[]", 'questions.unasked=["Q29", "Q177"]', 'personas=["values-hedged"]']
    return [
        f"workspace={judged.recipe.workspace}", f"survey.path={survey}", "profiles.n=6", *asked,
        'survey.countries=["XND"]', "cultural_map.ask=false", *more,
    ]  # fmt: skip


def test_every_prediction_of_a_judged_run_has_its_interval(judged: RunResult) -> None:
    scores, estimates = judged.scores, judged.estimates
    own = PredictionErrors.of_tables(scores, estimates)
    half = own.half_widths("values-hedged", own.countries, own.questions, 0.9)
    rows = scores[scores["method"] == "values-hedged"]
    expected = np.clip(rows["predicted_share"] - half.mean.ravel(), 0, 1)
    np.testing.assert_allclose(rows["predicted_lower"], expected)
    options = estimates[estimates["method"] == "values-hedged"]
    assert ((options["lower"] <= options["predicted"]) & (options["predicted"] <= options["upper"])).all()
    inside = (options["human"] >= options["lower"]) & (options["human"] <= options["upper"])
    whole = inside.groupby([options["country"], options["question"]]).all()
    assert 0.75 < whole.mean() < 1.0
    kept = json.loads((judged.folder / "result.json").read_text())["measures"]
    assert {row["measure"] for row in kept} >= {"half_width", "coverage", "worth_in_people"}


def test_where_nobody_was_asked_the_prediction_has_the_interval_of_the_judged_run(
    judged: RunResult,
    without_answers: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = settings(judged, without_answers)
    wanted = ["--interval-from", str(judged.folder)]
    assert (
        call(monkeypatch, "run", "quickstart", *wanted, *(part for s in given for part in ("--set", s))) == 0
    )
    printed = capsys.readouterr().out
    assert re.search(r"XND\s+Q29\s+\S+\s+\d\.\d\d\s+\d\.\d\d–\d\.\d\d", printed)
    assert "nobody's answers" in printed
    result = run(load_recipe("quickstart", [*given, f"scoring.interval_from={judged.folder}"]))
    errors = PredictionErrors.of_tables(judged.scores, judged.estimates)
    half = errors.half_widths("values-hedged", ["XND"], ["Q29", "Q177"], 0.9).mean[0]
    rows = result.scores[result.scores["method"] == "values-hedged"]
    assert rows["human_share"].isna().all()
    np.testing.assert_allclose(rows["predicted_upper"] - rows["predicted_share"], half)
    assert any("made of the errors of" in note for note in result.notes)
    assert pd.isna(result.estimates["human"]).all()
    assert result.estimates["upper"].notna().all()


def test_without_a_judged_run_it_says_how_to_get_an_interval(
    judged: RunResult,
    without_answers: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    given = settings(judged, without_answers)
    assert call(monkeypatch, "run", "quickstart", *(part for s in given for part in ("--set", s))) == 0
    assert "--interval-from RUN" in capsys.readouterr().out


def test_another_models_errors_are_refused(judged: RunResult, without_answers: Path) -> None:
    given = settings(judged, without_answers, f"scoring.interval_from={judged.folder}")
    with pytest.raises(RecipeError, match="answered by synthetic/respondent"):
        run(load_recipe("quickstart", [*given, "respondent.lm=openai/other"]))


def test_a_question_that_no_codebook_knows_is_refused(judged: RunResult, without_answers: Path) -> None:
    with pytest.raises(SurveyError, match=r"unasked: Q9999 is no target question"):
        run(load_recipe("quickstart", settings(judged, without_answers, 'questions.unasked=["Q9999"]')))
    given = settings(judged, without_answers, 'questions.include=["Q40"]', 'questions.unasked=["Q40"]')
    with pytest.raises(SurveyError, match=r"unasked: Q40 is answered"):
        run(load_recipe("quickstart", given))
