import numpy as np
import pytest

from tests.builders import TEN, question
from value_personas.programs.population import estimate_populations, weighted_means
from value_personas.signatures import Persona

QUESTIONS = [question("Q1"), question("Q3", TEN)]
MASK = np.arange(10) < np.array([[4], [10]])


def panel(rng: np.random.Generator, people: int) -> np.ndarray:
    log_p = np.full((people, 2, 10), np.nan)
    log_p[:, 0, :4] = np.log(rng.dirichlet(np.ones(4), people))
    log_p[:, 1] = np.log(rng.dirichlet(np.ones(10), people))
    return log_p


def people(weights: list[float], country: str = "XNA") -> list[Persona]:
    return [Persona("values", f"{country} {i}", w, country) for i, w in enumerate(weights)]


def test_weighted_mean_and_its_variance_parts_against_plain_loops() -> None:
    rng = np.random.default_rng(1)
    weights = [0.5, 0.3, 0.2]
    log_p = panel(rng, 3)
    found = estimate_populations(people(weights), QUESTIONS, log_p)
    r = np.arange(1.0, 11.0)
    p = np.exp(log_p[:, 1])
    expected = sum(w * row for w, row in zip(weights, p, strict=True))
    np.testing.assert_allclose(found.probabilities[0, 1], expected, rtol=1e-12)
    means = [float(row @ r) for row in p]
    total = float(expected @ r**2 - (expected @ r) ** 2)
    within = sum(w * float(row @ r**2 - (row @ r) ** 2) for w, row in zip(weights, p, strict=True))
    between = sum(w * (m - float(expected @ r)) ** 2 for w, m in zip(weights, means, strict=True))
    assert found.variance_within[0, 1] == pytest.approx(within)
    assert found.variance_between[0, 1] == pytest.approx(between)
    assert within + between == pytest.approx(total)


def test_a_missing_answers_weight_is_shared_among_the_rest() -> None:
    log_p = panel(np.random.default_rng(2), 3)
    log_p[1, 0] = np.nan
    found = estimate_populations(people([0.5, 0.1, 0.4]), QUESTIONS, log_p, max_missing=0.2)
    p = np.exp(log_p[:, 0, :4])
    np.testing.assert_allclose(found.probabilities[0, 0, :4], (0.5 * p[0] + 0.4 * p[2]) / 0.9, rtol=1e-12)
    assert found.missing_share[0, 0] == pytest.approx(0.1)
    assert found.missing_share[0, 1] == pytest.approx(0.0)


def test_too_many_missing_and_the_cell_is_not_estimated() -> None:
    log_p = panel(np.random.default_rng(3), 3)
    log_p[0, 0] = np.nan
    found = estimate_populations(people([0.5, 0.1, 0.4]), QUESTIONS, log_p, max_missing=0.2)
    assert np.isnan(found.probabilities[0, 0]).all()
    assert np.isnan(found.variance_within[0, 0])
    assert not np.isnan(found.probabilities[0, 1]).any()
    assert found.missing_share[0, 0] == pytest.approx(0.5)


def test_countries_are_kept_apart() -> None:
    rng = np.random.default_rng(4)
    first, second = panel(rng, 2), panel(rng, 3)
    both = estimate_populations(
        [*people([0.5, 0.5]), *people([0.2, 0.3, 0.5], "XNB")], QUESTIONS, np.concatenate([first, second])
    )
    alone = estimate_populations(people([0.2, 0.3, 0.5], "XNB"), QUESTIONS, second)
    assert both.countries == ("XNA", "XNB")
    np.testing.assert_array_equal(both.probabilities[1], alone.probabilities[0])


def test_zero_probabilities_stay_zero() -> None:
    log_p = np.full((1, 1, 4), -np.inf)
    log_p[0, 0, 2] = 0.0
    found = estimate_populations(people([1.0]), QUESTIONS[:1], log_p)
    np.testing.assert_array_equal(found.probabilities[0, 0], [0, 0, 1, 0])


def test_several_weights_on_the_same_answers_are_as_many_estimates() -> None:
    log_p = panel(np.random.default_rng(5), 4)
    log_p[2, 1] = np.nan
    weights = np.array([[0.1, 0.2, 0.3, 0.4], [0.5, 0.4, 0.1, 0.0], [0.25, 0.25, 0.25, 0.25]])
    found, missing = weighted_means(weights, np.exp(log_p), MASK, max_missing=0.26)
    for b, row in enumerate(weights):
        one = estimate_populations(people(row.tolist()), QUESTIONS, log_p, max_missing=0.26)
        np.testing.assert_allclose(found[b], one.probabilities[0], rtol=1e-12)
        np.testing.assert_allclose(missing[b], one.missing_share[0])
    p = np.exp(log_p[:, 1])
    by_hand = (0.5 * p[0] + 0.4 * p[1]) / 0.9
    np.testing.assert_allclose(found[1, 1], by_hand, rtol=1e-12)
    assert np.isnan(found[0, 1]).all()
    assert np.isnan(found[:, 0, 4:]).all()
    assert missing[:, 1] == pytest.approx([0.3, 0.1, 0.25])


def test_weights_on_nobody_who_answered_estimate_nothing() -> None:
    log_p = panel(np.random.default_rng(6), 2)
    log_p[0, 0] = np.nan
    found, missing = weighted_means(np.array([[1.0, 0.0]]), np.exp(log_p), MASK, max_missing=1.0)
    assert np.isnan(found[0, 0]).all()
    assert missing[0].tolist() == [1.0, 0.0]


@pytest.mark.parametrize(("n", "missing"), [(10, 2), (30, 6), (15, 3), (35, 7), (100, 20)])
def test_a_share_of_missing_answers_at_the_limit_itself_is_allowed(n: int, missing: int) -> None:
    log_p = panel(np.random.default_rng(4), n)
    log_p[:missing, 0] = np.nan
    log_p[: missing + 1, 1] = np.nan
    found = estimate_populations(people([1 / n] * n), QUESTIONS, log_p, max_missing=0.2)
    assert not np.isnan(found.probabilities[0, 0, :4]).any()
    assert np.isnan(found.probabilities[0, 1]).all()
