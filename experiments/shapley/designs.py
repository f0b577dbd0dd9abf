"""Coalitions and their weights in each player's value: all of them, or drawn orders and their reverses."""

from collections.abc import Iterator, Mapping, Sequence
from math import comb

import numpy as np

from value_personas.signatures import Array

Block = Mapping[int, Array]
"""Coalition → its weight in each player's value, shape (players,)."""

_ORDER_STREAM = 31
"""Keeps the orders' draws apart from every other draw of the recipe's seed."""


def exact_block(n: int) -> Block:
    """Every coalition, each player's gain in it weighted by how many orders have it (Shapley 1953).

    φ_i = Σ_{S ∌ i} |S|!(n − |S| − 1)!/n! · (v(S ∪ i) − v(S)).
    """
    joining = [1.0 / (n * comb(n - 1, size)) for size in range(n)]
    block = {}
    for coalition in range(1 << n):
        size = coalition.bit_count()
        block[coalition] = np.array(
            [joining[size - 1] if coalition >> i & 1 else -joining[size] for i in range(n)]
        )
    return block


def pair_block(order: Sequence[int]) -> Block:
    """One order and its reverse, which takes out what is linear in a player's place (Mitchell et al. 2022).

    Each player's value is the mean of its two gains on joining those before it, so that the values of an
    order add up to v(all) − v(∅) whatever the order is.
    """
    n = len(order)
    block: dict[int, Array] = {}
    for way in (order, order[::-1]):
        before = 0
        for player in way:
            after = before | 1 << player
            block.setdefault(before, np.zeros(n))[player] -= 0.5
            block.setdefault(after, np.zeros(n))[player] += 0.5
            before = after
    return block


def permutation_blocks(n: int, seed: int) -> Iterator[Block]:
    """Pairs of a drawn order and its reverse, without end; the first are the same however many follow."""
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_ORDER_STREAM,)))
    while True:
        yield pair_block(rng.permutation(n).tolist())


def weight_matrix(blocks: Sequence[Block], coalitions: Sequence[int], n: int) -> Array:
    """Blocks as an array of shape (blocks, players, coalitions)."""
    place = {coalition: s for s, coalition in enumerate(coalitions)}
    weights = np.zeros((len(blocks), n, len(coalitions)))
    for b, block in enumerate(blocks):
        for coalition, weight in block.items():
            weights[b, :, place[coalition]] = weight
    return weights
