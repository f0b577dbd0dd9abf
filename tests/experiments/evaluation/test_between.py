"""Differences between countries and collapse against loops, scipy, and what is known by construction."""

import numpy as np
import pytest
from scipy.stats import entropy, spearmanr

from value_personas.experiments.evaluation.between import (
    between_rows,
    collapse_rows,
    distance_rank,
    entropies,
)
from value_personas.experiments.evaluation.measures import measure_table

COUNTRIES = tuple(f"C{c}" for c in range(9))


@pytest.fixture
def human():
    return np.random.default_rng(0).uniform(0.2, 0.8, (9, 14))


def measured(human, predicted):
    table = measure_table(between_rows(human, {"it": predicted}, COUNTRIES, level=0.95))
    return table.set_index("measure")


def test_a_prediction_that_moves_half_as_far_adapts_by_half(human):
    centre = human.mean(axis=0)
    found = measured(human, 0.1 + centre + 0.5 * (human - centre))
    assert found.loc["adaptability_slope", "estimate"] == pytest.approx(0.5)
    assert found.loc["adaptability_spread", "estimate"] == pytest.approx(0.5)
    assert found.loc["distance_rank", "estimate"] == pytest.approx(1.0)
    assert found.loc["adaptability_slope", "upper"] == pytest.approx(0.5)


def test_noise_adds_spread_and_no_slope(human):
    noise = np.random.default_rng(1).normal(0, 0.17, human.shape)
    found = measured(human, 0.5 + noise)
    assert found.loc["adaptability_slope", "lower"] < 0 < found.loc["adaptability_slope", "upper"]
    spread = noise.std(axis=0) @ noise.std(axis=0) / (human.std(axis=0) @ human.std(axis=0))
    assert found.loc["adaptability_spread", "estimate"] == pytest.approx(np.sqrt(spread))
    assert abs(found.loc["distance_rank", "estimate"]) < 0.5


def test_distances_are_ranked_as_scipy_ranks_them(human):
    predicted = human + np.random.default_rng(2).normal(0, 0.1, human.shape)
    human[3, 5] = predicted[3, 5] = np.nan
    pairs = [(i, j) for i in range(9) for j in range(i + 1, 9)]
    sides = [[np.nanmean(np.abs(side[i] - side[j])) for i, j in pairs] for side in (human, predicted)]
    assert distance_rank(human, predicted) == pytest.approx(spearmanr(*sides).statistic)
    ties = np.round(human, 1)
    sides = [[np.nanmean(np.abs(side[i] - side[j])) for i, j in pairs] for side in (ties, predicted)]
    assert distance_rank(ties, predicted) == pytest.approx(spearmanr(*sides).statistic)
    assert np.isnan(distance_rank(human, np.full(human.shape, 0.5)))


def test_two_countries_have_no_order(human):
    assert not list(between_rows(human[:2], {"it": human[:2]}, COUNTRIES[:2], level=0.95))


def test_entropy_ratio_and_what_collapsed():
    rng = np.random.default_rng(3)
    human, predicted = rng.dirichlet(np.ones(4), (9, 14)), rng.dirichlet(np.full(4, 0.4), (9, 14))
    predicted[0, :7] = [1.0, 0.0, 0.0, 0.0]
    ratios = np.ones((9, 14))
    ratios[0, :7] = 0.0
    where = np.ones((9, 14), dtype=bool)
    where[8] = False
    one = rng.random((9, 14))
    rows = collapse_rows(
        human, {"it": predicted}, {}, {"it": ratios}, {"it": one}, where, COUNTRIES, level=0.95
    )
    found = measure_table(rows).set_index("measure")
    h, q = entropy(human[:8], axis=2).sum(), entropy(predicted[:8], axis=2).sum()
    assert found.loc["entropy_ratio", "estimate"] == pytest.approx(q / h)
    assert found.loc["cells_at_0", "estimate"] == pytest.approx(7 / 112)
    assert found.loc["cells_at_0", "lower"] == 0.0
    assert found.loc["one_option", "estimate"] == pytest.approx(one[:8].mean())
    assert np.isnan(entropies(np.full((2, 3), np.nan))).all()


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_the_order_and_spread_of_countries_are_those_of_popfidelity(seed):
    """A mean as two options' shares: the distance of two such cells is the difference of their means."""
    pf = pytest.importorskip("popfidelity")
    rng = np.random.default_rng(seed)
    human = rng.uniform(0.1, 0.9, (9, 14))
    predicted = np.clip(0.5 * human + 0.3 + rng.normal(0, 0.1, human.shape), 0, 1)

    def distances(means, question):
        return pf.metrics.pairwise(np.column_stack([1 - means[:, question], means[:, question]]))

    h, p = (np.stack([distances(side, m) for m in range(14)]) for side in (human, predicted))
    rank, _ = pf.structure.correlation(h.mean(axis=0), p.mean(axis=0), "spearman")
    found = measured(human, predicted)
    assert found.loc["distance_rank", "estimate"] == pytest.approx(rank, abs=1e-9)
    spread = np.sqrt((p**2).sum() / (h**2).sum())
    assert found.loc["adaptability_spread", "estimate"] == pytest.approx(spread, abs=1e-9)

    one = (
        np.column_stack([1 - human[:, 0], human[:, 0]]),
        np.column_stack([1 - predicted[:, 0], predicted[:, 0]]),
    )
    cells = [pf.Cells(COUNTRIES, ("no", "yes"), shares) for shares in one]
    structure = pf.score(*cells)["rho_structure"]
    assert distance_rank(human[:, :1], predicted[:, :1]) == pytest.approx(structure, abs=1e-9)


@pytest.mark.slow
def test_entropies_are_those_of_popfidelity():
    pf = pytest.importorskip("popfidelity")
    p = np.random.default_rng(6).dirichlet(np.full(4, 0.4), 50)
    p[0] = [1.0, 0.0, 0.0, 0.0]
    np.testing.assert_allclose(entropies(p), pf.metrics.entropy(p, base=np.e), atol=1e-9)
