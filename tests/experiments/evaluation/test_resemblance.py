"""What makes two groups alike, against numpy, loops and questions that were never asked."""

import numpy as np
import pytest

from value_personas.experiments.evaluation import resemblance


@pytest.fixture
def people():
    rng = np.random.default_rng(0)
    z = rng.normal(size=(400, 3))
    x = z @ rng.normal(size=(3, 6)) + rng.normal(size=(400, 6))
    x[rng.random(x.shape) < 0.05] = np.nan
    weights = rng.uniform(0.5, 2.0, 400)
    groups = np.stack([(z[:, 0] > 0).astype(float), np.where(rng.random(400) < 0.1, np.nan, z[:, 1] > 0)])
    return x, weights, z, groups


def test_correlations_are_those_of_pairs_that_are_known(people):
    x, w, z, groups = people
    side = resemblance.side_of(x, w, z, groups)
    for i, j in ((0, 1), (2, 5)):
        known = ~np.isnan(x[:, [i, j]]).any(axis=1)
        covariance = np.cov(x[known][:, [i, j]].T, aweights=w[known], ddof=0)
        expected = covariance[0, 1] / np.sqrt(covariance[0, 0] * covariance[1, 1])
        assert side.correlations[i, j] == pytest.approx(expected, rel=1e-9)


def test_drawn_answers_hang_together_less_by_what_each_persona_leaves_open(people):
    x, w, z, groups = people
    x = np.nan_to_num(x)
    rng = np.random.default_rng(1)
    side = resemblance.side_of(x, w, z, groups, within=np.full(x.shape, 0.8))
    drawn = np.repeat(x, 400, axis=0) + rng.normal(0, np.sqrt(0.8), (160_000, 6))
    covariance = np.cov(drawn.T, aweights=np.repeat(w, 400))
    expected = covariance / np.sqrt(np.outer(np.diag(covariance), np.diag(covariance)))
    np.testing.assert_allclose(side.drawn, expected, atol=0.01)


def test_coefficients_and_t_are_those_of_weighted_least_squares(people):
    x, w, z, groups = people
    side = resemblance.side_of(x, w, z, groups)
    w = w / w.mean()
    for m in (0, 3):
        known = ~np.isnan(x[:, m])
        y, v = x[known, m], w[known]
        centre = np.average(y, weights=v)
        u = (y - centre) / np.sqrt(np.average((y - centre) ** 2, weights=v))
        design = np.column_stack([np.ones(known.sum()), z[known]])
        root = np.sqrt(v)[:, None]
        solved, (rss,), *_ = np.linalg.lstsq(design * root, u * root[:, 0], rcond=None)
        inverse = np.linalg.inv((design * v[:, None]).T @ design)
        errors = np.sqrt(rss / (v.sum() - 4) * np.diag(inverse))
        np.testing.assert_allclose(side.coefficients[:, m], solved[1:], rtol=1e-6)
        np.testing.assert_allclose(side.t[:, m], (solved / errors)[1:], rtol=1e-6)


def test_contrasts_are_differences_of_weighted_means(people):
    x, w, z, groups = people
    got = resemblance.side_of(x, w, z, groups).contrasts
    for g, m in ((0, 2), (1, 4)):
        known = ~np.isnan(x[:, m])
        means = [
            np.average(x[known & (groups[g] == s), m], weights=w[known & (groups[g] == s)]) for s in (1, 0)
        ]
        assert got[g, m] == pytest.approx(means[0] - means[1])


def test_without_each_question_is_as_if_it_had_not_been_asked(people):
    x, w, z, groups = people
    halves = [np.arange(0, 400, 2), np.arange(1, 400, 2)]
    one, other = (resemblance.side_of(x[h], w[h], z[h], groups[:, h]) for h in halves)
    whole = resemblance.compared(one, other)
    for q in (0, 4):
        left = np.delete(x, q, axis=1)
        again = resemblance.compared(
            *(resemblance.side_of(left[h], w[h], z[h], groups[:, h]) for h in halves)
        )
        for name, value in again.items():
            assert whole[name].without[q] == pytest.approx(float(value.whole), rel=1e-6), name
    r = one.correlations
    without = resemblance.first_components(r)
    assert without[3] == pytest.approx(resemblance.first_component(np.delete(np.delete(r, 3, 0), 3, 1)))
    assert resemblance.first_component(r) == pytest.approx(np.linalg.eigvalsh(r)[-1] / 6)


def test_persons_who_all_answer_alike_hang_together_with_nothing(people):
    x, w, z, groups = people
    alike = resemblance.side_of(np.full(x.shape, 0.3) + 1e-9 * np.nan_to_num(x), w, z, groups)
    assert np.isnan(alike.correlations).all()
    assert np.isnan(alike.coefficients).all()
    assert np.isnan(resemblance.first_component(alike.correlations))


def test_the_interval_is_of_countries_and_questions_left_out():
    rng = np.random.default_rng(2)
    values = [resemblance.Values(np.float64(v), v + rng.normal(0, 0.01, 9)) for v in rng.normal(0.5, 0.1, 7)]
    point, lower, upper = resemblance.interval_of(values, [str(c) for c in range(7)], 0.95)
    whole = np.array([float(v.whole) for v in values])
    assert point == pytest.approx(whole.mean())
    by_question = np.mean([v.without for v in values], axis=0)
    variance = whole.var(ddof=1) / 7 + 8 / 9 * ((by_question - point) ** 2).sum()
    assert (upper - lower) / 2 == pytest.approx(2.4469 * np.sqrt(variance), rel=1e-4)
