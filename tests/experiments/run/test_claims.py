"""The method's claims on the synthetic world: each comes out of the parts, and goes with its cause.

Nothing here looks inside the respondent. A claim is read off a run's own tables, over three seeds, and
disappears when the fault that causes it is switched off.
"""

from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from tests.experiments.small_runs import A_THIRD
from value_personas import RunResult, data, load_recipe, run
from value_personas.experiments.fieldwork.fieldwork import Fieldwork
from value_personas.experiments.fieldwork.survey import open_survey
from value_personas.experiments.progress.reporter import Silent
from value_personas.experiments.run.pipeline import predict_and_judge
from value_personas.experiments.workspace.folders import Workspace

SEEDS = (0, *(pytest.param(seed, marks=pytest.mark.slow) for seed in (1, 2)))
HEDGED, UNHEDGED, CALIBRATED = "values-hedged", "values-unhedged", "values-hedged + calibrated"

Runner = Callable[..., RunResult]


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Runner]:
    """The tables of the quickstart with settings of one's own, as a sweep's cells have them.

    Equal settings are asked once, and nothing is written but answers: claims need no record.
    """
    done: dict[tuple[str, ...], RunResult] = {}
    workspace = Workspace.open(tmp_path_factory.mktemp("claims"))
    sizes = (
        "survey.respondents=300",
        "profiles.n=20",
        "scoring.draws=200",
        "scoring.floor_draws=40",
        "scoring.persona_draws=5",
    )
    with Fieldwork(workspace, Silent().note) as field:

        def quickstart(*settings: str) -> RunResult:
            if settings not in done:
                place = f"workspace={workspace.folder}"
                recipe = load_recipe("quickstart", [place, "cultural_map.ask=false", *sizes, *settings])
                done[settings] = predict_and_judge(recipe, field, Silent()).result(Path())
            return done[settings]

        yield quickstart


ASKED = 'questions.include=["Q6", "Q29", "Q36", "Q49", "Q61", "Q64", "Q106", "Q171", "Q185", "Q211"]'
QUIET = ("calibration.kinds=[]", ASKED)


def few(*kinds: str) -> tuple[str, ...]:
    return (f"personas={list(kinds)!r}".replace("'", '"'), *QUIET)


def faults(**values: float) -> list[str]:
    return [f"respondent.parameters.{name}={value}" for name, value in values.items()]


def mean(result: RunResult, method: str, score: str = "normalised_mae") -> float:
    rows = result.summary[(result.summary["method"] == method) & (result.summary["score"] == score)]
    return float(rows["mean"].iloc[0])


def variance_ratio(result: RunResult, method: str) -> float:
    return mean(result, method, "variance_ratio")


def gain_by_country(result: RunResult) -> "pd.Series[float]":
    """How much value personas lower the error of country roleplay."""
    errors = result.scores.groupby(["method", "country"])["normalised_mae"].mean()
    return errors["country"] - errors[HEDGED]


def far_minus_near(result: RunResult) -> float:
    """The gain of the four countries farthest from the respondent's pole, less that of the four nearest."""
    recipe = result.recipe
    survey = open_survey(recipe.survey, recipe.questions, recipe.seed, Workspace.at(recipe.workspace))
    places = data.cultural_map(data.value_profiles(survey)).set_index("country")
    toward_prior = places["survival_self_expression"] + places["traditional_secular"]
    order = toward_prior.sort_values().index
    gain = gain_by_country(result)
    return float(gain[order[:4]].mean() - gain[order[4:]].mean())


@pytest.mark.parametrize("seed", SEEDS)
def test_value_personas_beat_country_roleplay(runs: Runner, seed: int) -> None:
    result = runs(f"seed={seed}")
    assert mean(result, HEDGED) < 0.5 * mean(result, "country")
    assert mean(result, "country") < mean(result, "none")


@pytest.mark.parametrize("seed", SEEDS)
def test_hedged_beats_unhedged(runs: Runner, seed: int) -> None:
    result = runs(f"seed={seed}")
    assert mean(result, HEDGED) < mean(result, UNHEDGED)


def test_without_spill_over_hedging_changes_nothing(runs: Runner) -> None:
    result = runs(*faults(spill_over=0.0, refusal_rate=0.0))
    predicted = result.estimates.pivot_table(
        index=["country", "question", "score"], columns="method", values="predicted"
    )
    np.testing.assert_allclose(predicted[HEDGED], predicted[UNHEDGED], atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_calibration_widens_the_spread_and_leaves_every_mean(runs: Runner, seed: int) -> None:
    result = runs(f"seed={seed}")
    before, after = variance_ratio(result, HEDGED), variance_ratio(result, CALIBRATED)
    assert before < after < 1.1
    shares = result.scores.pivot_table(
        index=["country", "question"], columns="method", values="predicted_share"
    )
    np.testing.assert_allclose(shares[CALIBRATED], shares[HEDGED], atol=1e-9)
    assert mean(result, CALIBRATED, "wasserstein") < mean(result, HEDGED, "wasserstein")


def test_without_under_dispersion_calibration_has_nothing_to_mend(runs: Runner) -> None:
    result = runs(*faults(sharpness=1.0))
    before, after = variance_ratio(result, HEDGED), variance_ratio(result, CALIBRATED)
    assert abs(np.log(before)) < abs(np.log(after))
    assert mean(result, CALIBRATED, "wasserstein") > mean(result, HEDGED, "wasserstein")


@pytest.mark.parametrize("seed", SEEDS)
def test_countries_far_from_the_prior_gain_most(runs: Runner, seed: int) -> None:
    assert far_minus_near(runs(f"seed={seed}")) > 0.03


def test_without_a_prior_no_country_gains_more_than_another(runs: Runner) -> None:
    unbiased = runs(*faults(prior_pull=0.0, country_knowledge=1.0))
    assert abs(far_minus_near(unbiased)) < 0.5 * far_minus_near(runs("seed=0"))
    assert mean(unbiased, "country") < 0.5 * mean(runs("seed=0"), "country")


def test_without_any_fault_the_error_is_the_samples_own(runs: Runner) -> None:
    """The honesty check: a perfect reader of whole profiles reproduces the population."""
    none = faults(
        prior_pull=0.0, country_knowledge=1.0, spill_over=0.0, knowledge_error=0.0, sharpness=1.0,
        order_effect=0.0, refusal_rate=0.0, label_noise=0.0, interplay=1.0,
    )  # fmt: skip
    everybody = ("survey.respondents=80", "profiles.design=all", *few(HEDGED))
    result = runs(*everybody, *none)
    assert mean(result, HEDGED) < 2.0 * result.floor["normalised_mae"]
    assert variance_ratio(result, HEDGED) == pytest.approx(1.0, abs=0.05)


def verdicts(result: RunResult) -> list[str]:
    return list(result.hypotheses["verdict"])


def test_the_quickstarts_claims_come_out(runs: Runner) -> None:
    assert verdicts(runs("seed=0")) == ["supported"] * 3


@pytest.mark.parametrize(
    ("place", "without"),
    [(0, {"prior_pull": 0.0, "country_knowledge": 1.0}), (1, {"spill_over": 0.0}), (2, {"sharpness": 1.0})],
)
def test_each_of_them_goes_with_its_cause(runs: Runner, place: int, without: dict[str, float]) -> None:
    assert verdicts(runs(*faults(**without)))[place] != "supported"


PAPER = (
    'personas=["none", "country", "demographic", "values-unhedged", "values-hedged"]', "comparators.names=[]",
    'calibration.kinds=["values-hedged"]', "cultural_map.ask=false", "survey.respondents=600",
    "profiles.n=48", "scoring.floor_draws=20", A_THIRD,
)  # fmt: skip


@pytest.mark.slow
def test_the_five_claims_of_the_paper_come_out_and_growth_goes_with_the_pole(tmp_path: Path) -> None:
    found = run(load_recipe("paper", [f"workspace={tmp_path}", *PAPER]))
    assert verdicts(found) == ["supported"] * 5
    without = faults(prior_pull=0.0, country_knowledge=1.0)
    even = run(load_recipe("paper", [f"workspace={tmp_path}", *PAPER, *without])).hypotheses.iloc[2]
    assert (even["growth"], even["verdict"]) == (True, "undecided")
    assert abs(even["effect"]) < 0.1 * abs(found.hypotheses["effect"].iloc[2])


# --- who people are, the words of a questionnaire, values together ------------------------------------------


def between(result: RunResult, method: str) -> float:
    """The variance of answers between personas, averaged over cells."""
    return float(result.scores.query("method == @method")["variance_between"].mean())


@pytest.mark.parametrize("seed", SEEDS)
def test_who_people_are_tells_personas_apart_and_a_stereotype_further(runs: Runner, seed: int) -> None:
    kinds = few("none", "demographic", "demographic+country")
    as_people, stereotype = (
        runs(f"seed={seed}", *kinds, *faults(stereotype=much, refusal_rate=0.0)) for much in (1.0, 2.0)
    )
    assert between(as_people, "demographic") > 0.0
    assert between(stereotype, "demographic+country") > 2.0 * between(as_people, "demographic+country")
    assert mean(as_people, "demographic+country") < mean(as_people, "demographic")


def test_where_nothing_is_inferred_of_who_people_are_they_answer_as_nobody(runs: Runner) -> None:
    result = runs(*few("none", "demographic"), *faults(stereotype=0.0, refusal_rate=0.0))
    predicted = result.estimates.pivot_table(
        index=["country", "question", "score"], columns="method", values="predicted"
    )
    np.testing.assert_allclose(predicted["demographic"], predicted["none"], atol=1e-9)


@pytest.mark.parametrize("seed", SEEDS)
def test_bare_answers_lie_between_hedged_and_unhedged_descriptors(runs: Runner, seed: int) -> None:
    result = runs(f"seed={seed}", *few(HEDGED, UNHEDGED, "values-verbatim"))
    assert mean(result, HEDGED) < mean(result, "values-verbatim") < mean(result, UNHEDGED)


def test_without_spill_over_and_blur_it_is_all_one_how_answers_are_put(runs: Runner) -> None:
    off = faults(spill_over=0.0, number_blur=0.0, refusal_rate=0.0)
    result = runs(*few(HEDGED, UNHEDGED, "values-verbatim"), *off)
    predicted = result.estimates.pivot_table(
        index=["country", "question", "score"], columns="method", values="predicted"
    )
    for other in (UNHEDGED, "values-verbatim"):
        np.testing.assert_allclose(predicted[other], predicted[HEDGED], atol=1e-9)


PERFECT = faults(
    prior_pull=0.0, country_knowledge=1.0, spill_over=0.0, knowledge_error=0.0, sharpness=1.0,
    order_effect=0.0, refusal_rate=0.0, label_noise=0.0,
)  # fmt: skip


@pytest.mark.parametrize("seed", SEEDS)
def test_who_thinks_that_values_add_up_errs_where_they_do_not(runs: Runner, seed: int) -> None:
    everybody = (f"seed={seed}", "survey.respondents=80", "profiles.design=all", *few(HEDGED), *PERFECT)
    alone = ("survey.causes.interactions=0", "survey.causes.thresholds=0")
    knows, adds = (runs(*everybody, *faults(interplay=share)) for share in (1.0, 0.0))
    assert mean(adds, HEDGED) > 1.3 * mean(knows, HEDGED)
    where_they_do = runs(*everybody, *faults(interplay=0.0), *alone)
    assert mean(adds, HEDGED) > 1.3 * mean(where_they_do, HEDGED)


def test_synthetic_is_called_synthetic(runs: Runner) -> None:
    result = runs("seed=0")
    assert result.synthetic == ("respondent", "population")
    assert "synthetic respondent and population" in result.title
