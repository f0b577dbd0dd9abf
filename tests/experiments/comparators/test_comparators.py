"""Predictions without a model against arithmetic, another implementation, and what they must not see."""

from pathlib import Path

import numpy as np
import pytest
from scipy.optimize import minimize

from tests.plugins import Plugins
from value_personas import data, load_recipe, run
from value_personas.data.synthetic import write_synthetic_survey
from value_personas.experiments.comparators import COMPARATORS, NULLS, OtherCountries, human_table
from value_personas.experiments.comparators.distributions import leave_one_out
from value_personas.experiments.comparators.map_neighbours import map_neighbours
from value_personas.experiments.comparators.regression import (
    ordinal_regression,
    predict_left_out,
    ridge_regression,
)
from value_personas.experiments.comparators.respondents import Respondents, respondents_of
from value_personas.experiments.comparators.split_half import split_half
from value_personas.experiments.comparators.training_mean import training_mean
from value_personas.experiments.evaluation.without_model import predict_nothing, predict_without_model
from value_personas.experiments.recipe.personas import ComparatorSection
from value_personas.signatures import StatisticsError, SurveyError

ALL = 'comparators.names=["training-mean", "map-neighbours", "ridge", "ordinal", "split-half"]'
TABLE = np.array(
    [[[0.2, 0.8], [0.5, 0.5]], [[0.4, 0.6], [np.nan, np.nan]], [[0.9, 0.1], [0.1, 0.9]]]
)  # three countries, two questions; the second was not asked in the second country


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> data.Survey:
    path = tmp_path_factory.mktemp("survey") / "s.sav"
    write_synthetic_survey(path, seed=1, respondents_per_country=150, questions=["Q29", "Q185"])
    return data.read_survey(path)


def section(*settings: str) -> ComparatorSection:
    return load_recipe(None, list(settings)).comparators


def test_the_training_mean_leaves_the_country_out() -> None:
    predicted = leave_one_out(("A", "B", "C"), TABLE, training_mean)
    np.testing.assert_allclose(predicted[0], [[0.65, 0.35], [0.1, 0.9]])
    np.testing.assert_allclose(predicted[1], [[0.55, 0.45], [0.3, 0.7]])


def test_what_nobody_else_was_asked_is_not_predicted() -> None:
    alone = np.array([[[0.2, 0.8]], [[np.nan, np.nan]]])
    assert np.isnan(leave_one_out(("A", "B"), alone, training_mean)[0]).all()


def test_neighbours_are_the_nearest_that_were_asked() -> None:
    places = {"A": (0.0, 0.0), "B": (1.0, 0.0), "C": (0.0, 3.0)}
    others = OtherCountries(("B", "C"), TABLE[1:])
    np.testing.assert_allclose(map_neighbours("A", others, places, 1), [[0.4, 0.6], [0.1, 0.9]])
    np.testing.assert_allclose(map_neighbours("A", others, places, 5), [[0.65, 0.35], [0.1, 0.9]])
    assert np.isnan(map_neighbours("Z", others, places, 1)).all()


def test_ridge_is_the_linear_prediction_at_the_mean_respondent() -> None:
    rng = np.random.default_rng(0)
    x, of = rng.normal(size=(4000, 2)), rng.normal(size=(50, 2))
    y = (x[:, 0] + rng.normal(size=4000) > 0).astype(np.int8)
    w, weights = rng.uniform(0.5, 2, 4000), rng.uniform(0.5, 2, 50)
    design = np.column_stack([np.ones(4000), x]) * np.sqrt(w)[:, None]
    beta = np.linalg.lstsq(design, y * np.sqrt(w), rcond=None)[0]
    expected = np.r_[1.0, np.average(of, axis=0, weights=weights)] @ beta
    p = ridge_regression(x, y, w, of, weights, 2)
    assert p[1] == pytest.approx(expected, abs=2e-3)  # the penalty is small beside 4,000 answers
    assert p.sum() == pytest.approx(1.0)


def test_ordinal_regression_recovers_a_cumulative_logit_law() -> None:
    """Against the proportional-odds likelihood, maximised here by another optimiser."""
    rng = np.random.default_rng(1)
    x, of = rng.normal(size=(3000, 2)), rng.normal(loc=0.5, size=(200, 2))
    latent = x @ [1.0, -0.5] + rng.logistic(size=3000)
    y = np.digitize(latent, [-1.0, 0.0, 1.5]).astype(np.int8)
    w = np.ones(3000)

    def law(parameters: np.ndarray, at: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
        cuts = np.cumsum(np.r_[parameters[2], np.exp(parameters[3:])])
        beyond = 1 / (1 + np.exp(cuts - (at @ parameters[:2])[:, None]))
        return -np.diff(np.column_stack([np.ones(len(at)), beyond, np.zeros(len(at))]), axis=1)

    def loss(parameters: np.ndarray) -> float:  # type: ignore[type-arg]
        return float(-np.log(law(parameters, x)[np.arange(3000), y]).sum())

    fitted = minimize(loss, np.array([0.0, 0.0, -1.0, 0.0, 0.0])).x
    expected = law(fitted, of).mean(axis=0)
    np.testing.assert_allclose(ordinal_regression(x, y, w, of, np.ones(200), 4), expected, atol=0.02)


def test_an_option_that_nobody_chose_gets_nothing() -> None:
    x = np.zeros((10, 1))
    p = ordinal_regression(x, np.array([0, 2] * 5, dtype=np.int8), np.ones(10), x, np.ones(10), 4)
    np.testing.assert_allclose(p, [0.5, 0.0, 0.5, 0.0], atol=1e-6)


@pytest.mark.parametrize("regression", [ridge_regression, ordinal_regression])
def test_no_answer_of_the_country_left_out_is_used(survey: data.Survey, regression: object) -> None:
    seen = respondents_of(survey, data.value_profiles(survey))
    hidden = seen.answers.copy()
    hidden[seen.country == "XNA"] = -1
    blind = Respondents(seen.items, hidden, seen.weights, seen.country)
    options = tuple(len(q.scale) for q in survey.questions)
    np.testing.assert_array_equal(
        predict_left_out(seen, "XNA", options, regression),  # type: ignore[arg-type]
        predict_left_out(blind, "XNA", options, regression),  # type: ignore[arg-type]
    )


def test_all_stand_in_one_table_and_nearer_knowledge_is_nearer_the_truth(survey: data.Survey) -> None:
    methods, notes = predict_without_model(
        section(ALL, "comparators.max_respondents=800"), 0, survey, data.value_profiles(survey)
    )
    human = human_table(survey)
    errors = {m.name: np.nanmean(np.abs(m.estimate.probabilities - human)) for m in methods}
    assert errors["split-half"] < errors["ordinal"] < errors["map-neighbours"] < errors["training-mean"]
    assert errors["ridge"] < errors["map-neighbours"]
    for method in methods:
        np.testing.assert_allclose(np.nansum(method.estimate.probabilities, axis=2), 1.0, atol=1e-9)
    assert notes == ("ridge: fitted on 800 of 1200 respondents", "ordinal: fitted on 800 of 1200 respondents")


def test_the_halves_are_halves(survey: data.Survey) -> None:
    half = split_half(survey, seed=4)
    np.testing.assert_array_equal(half, split_half(survey, seed=4))
    for c, country in enumerate(survey.countries):
        positions, _ = survey.responses("Q29", country)
        error = np.abs(half[c, 0, :4] - survey.distribution("Q29", country)).max()
        assert 0 < error < 5 / np.sqrt(len(positions))


def test_one_country_has_no_others(survey: data.Survey) -> None:
    alone = data.read_survey(survey.sources[0].path, countries=["XNA"])
    profiles = data.value_profiles(alone)
    with pytest.raises(SurveyError, match="only XNA"):
        predict_without_model(section(ALL), 0, alone, profiles)


def test_a_prediction_of_other_cells_is_refused_by_name(survey: data.Survey, plugins: Plugins) -> None:
    source = """
        import numpy as np
        from value_personas.experiments.comparators import Comparator, Prediction
        THING = Comparator("no model: too little", lambda sources: Prediction(sources.table[:1]))
    """
    plugins.install(COMPARATORS, "too-little", source)
    named = section('comparators.names=["too-little"]')
    with pytest.raises(
        StatisticsError, match=r"comparator too-little: .* shape \(8, 2, 10\), got \(1, 2, 10\)"
    ):
        predict_without_model(named, 0, survey, data.value_profiles(survey))


def published(shared_dir: Path, workspace: Path) -> list[str]:
    path = shared_dir / "surveys" / "wvs7_country_distributions.parquet"
    return [f"survey.path={path}", "questions.include=", f"workspace={workspace}"]


@pytest.mark.slow
@pytest.mark.shared
def test_published_distributions_run_as_they_stand(shared_dir: Path, tmp_path: Path) -> None:
    named = '["training-mean", "map-neighbours"]'
    settings = [*published(shared_dir, tmp_path), 'personas=["none"]', "cultural_map.ask=false"]
    found = run(load_recipe("quickstart", [*settings, f"comparators.names={named}"]))
    means = found.summary.pivot_table(index="method", columns="score", values="mean")
    assert means.loc["map-neighbours", "wasserstein"] < means.loc["training-mean", "wasserstein"] < 0.15
    assert "46 countries × 55 questions" in found.title
    assert any("TJK" in note for note in found.notes)
    assert any("no noise floor is known" in note for note in found.notes)


@pytest.mark.shared
def test_what_needs_respondents_is_refused_of_published_distributions(
    shared_dir: Path, tmp_path: Path
) -> None:
    settings = [*published(shared_dir, tmp_path), 'survey.countries=["ARG", "DEU", "JPN"]']
    of_halves = ['personas=["none"]', "cultural_map.ask=false", 'comparators.names=["split-half"]']
    with pytest.raises(SurveyError, match="leave split-half out of comparators"):
        run(load_recipe("quickstart", [*settings, *of_halves]))
    with pytest.raises(SurveyError, match="holds published shares and no respondent"):
        run(load_recipe("quickstart", settings))


def test_every_option_alike_and_the_others_mode_and_shares_from_elsewhere(survey: data.Survey) -> None:
    table = human_table(survey)
    own = ~np.isnan(table)
    found = predict_nothing(3, survey)
    assert list(found) == list(NULLS)
    np.testing.assert_allclose(found["uniform"][own], (1.0 / own.sum(axis=2, keepdims=True) * own)[own])
    for c in range(len(table)):
        others = np.nan_to_num(np.delete(table, c, axis=0)).sum(axis=0)
        for m in range(table.shape[1]):
            expected = np.zeros(int(own[c, m].sum()))
            expected[others[m].argmax()] = 1.0
            np.testing.assert_array_equal(found["majority"][c, m][own[c, m]], expected)
    lengths = own.sum(axis=2)[0]
    for m, k in enumerate(lengths):
        of_length = [n for n, other in enumerate(lengths) if other == k]
        given = sorted(map(tuple, np.concatenate([found["permuted"][:, n, :k] for n in of_length])))
        assert given == sorted(map(tuple, np.concatenate([table[:, n, :k] for n in of_length])))
        assert not (found["permuted"][:, m, :k] == table[:, m, :k]).all(axis=1).any(), "nobody keeps its own"
    again = predict_nothing(3, survey)["permuted"]
    np.testing.assert_array_equal(again, found["permuted"])
    assert not np.array_equal(predict_nothing(4, survey)["permuted"][own], again[own])


def test_of_one_country_alone_there_is_no_majority_of_others(survey: data.Survey) -> None:
    alone = data.read_survey(survey.sources[0].path, countries=[survey.countries[0]])
    assert list(predict_nothing(0, alone)) == ["uniform", "permuted"]
