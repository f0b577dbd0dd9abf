"""Shapley values against a literal sum, against every order, and against what they must satisfy."""

from itertools import combinations, islice, permutations
from math import factorial

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from value_personas.experiments.shapley.designs import (
    Block,
    exact_block,
    pair_block,
    permutation_blocks,
    weight_matrix,
)

Values = np.ndarray

games = st.integers(2, 5).flatmap(
    lambda n: st.lists(st.floats(-1, 1, width=32), min_size=1 << n, max_size=1 << n).map(np.array)
)


def shared_out(block: Block, v: Values) -> Values:
    return sum((weight * v[coalition] for coalition, weight in block.items()), np.zeros(players(v)))


def players(v: Values) -> int:
    return len(v).bit_length() - 1


def literal(v: Values) -> Values:
    """The definition, subset by subset, with sets in place of bits."""
    n = players(v)

    def worth(of: tuple[int, ...]) -> float:
        return float(v[sum(2**i for i in of)])

    phi = np.zeros(n)
    for i in range(n):
        others = [j for j in range(n) if j != i]
        for size in range(n):
            share = factorial(size) * factorial(n - size - 1) / factorial(n)
            phi[i] += share * sum(worth((*s, i)) - worth(s) for s in combinations(others, size))
    return phi


def interacting(n: int, seed: int = 3) -> Values:
    """Nothing additive about it."""
    return np.random.default_rng(seed).normal(size=1 << n)


@pytest.mark.parametrize("n", [2, 3, 5, 7])
def test_every_coalition_gives_the_literal_sum(n: int) -> None:
    v = interacting(n)
    np.testing.assert_allclose(shared_out(exact_block(n), v), literal(v), atol=1e-12)


def test_a_game_worked_out_by_hand() -> None:
    """Two gloves: a left one (player 0) and two right ones; only a pair is worth anything."""
    v = np.array([float(c & 1 and c & 6 > 0) for c in range(8)])
    np.testing.assert_allclose(shared_out(exact_block(3), v), [2 / 3, 1 / 6, 1 / 6], atol=1e-15)


@pytest.mark.parametrize("n", [2, 3, 4, 5])
def test_all_orders_together_are_exact(n: int) -> None:
    v = interacting(n)
    pairs = [shared_out(pair_block(order), v) for order in permutations(range(n))]
    np.testing.assert_allclose(np.mean(pairs, axis=0), literal(v), atol=1e-12)


def test_drawn_orders_come_nearer_the_more_there_are() -> None:
    v = interacting(8)
    found = [shared_out(block, v) for block in islice(permutation_blocks(8, seed=1), 4000)]
    few, many = (np.abs(np.mean(found[:n], axis=0) - literal(v)).max() for n in (10, 4000))
    assert many < 0.1 < few


def test_the_first_orders_are_the_same_however_many_follow() -> None:
    three, five = (list(islice(permutation_blocks(6, seed=4), n)) for n in (3, 5))
    for one, other in zip(three, five, strict=False):
        np.testing.assert_equal(dict(one), dict(other))
    assert set(next(permutation_blocks(6, seed=5))) != set(three[0])


@given(games, st.randoms(use_true_random=False))
def test_values_of_every_block_add_up(v: Values, random: "st.DrawFn") -> None:
    order = list(range(players(v)))
    random.shuffle(order)  # type: ignore[attr-defined]
    for block in (exact_block(players(v)), pair_block(order)):
        assert shared_out(block, v).sum() == pytest.approx(v[-1] - v[0], abs=1e-9)


@given(games)
def test_who_changes_nothing_gets_nothing_and_equals_get_the_same(v: Values) -> None:
    n = players(v)
    without_first = np.array([v[c & ~1] for c in range(1 << n)])
    assert shared_out(exact_block(n), without_first)[0] == pytest.approx(0.0, abs=1e-9)
    swapped = np.array([v[c & ~3 | (c & 1) << 1 | (c & 2) >> 1] for c in range(1 << n)])
    phi = shared_out(exact_block(n), v + swapped)
    assert phi[0] == pytest.approx(phi[1], abs=1e-9)


@given(games, games)
def test_values_of_a_sum_are_the_sum_of_values(v: Values, w: Values) -> None:
    n = min(players(v), players(w))
    v, w = v[: 1 << n], w[: 1 << n]
    block = exact_block(n)
    both = shared_out(block, 2 * v - w)
    np.testing.assert_allclose(both, 2 * shared_out(block, v) - shared_out(block, w), atol=1e-9)


def test_blocks_as_an_array_are_the_blocks() -> None:
    v, blocks = interacting(4), list(islice(permutation_blocks(4, seed=0), 2))
    coalitions = sorted({c for block in blocks for c in block})
    weights = weight_matrix(blocks, coalitions, 4)
    for b, block in enumerate(blocks):
        np.testing.assert_allclose(weights[b] @ v[coalitions], shared_out(block, v), atol=1e-12)
