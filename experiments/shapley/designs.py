"""KernelSHAP, by the ``shap`` library (Lundberg & Lee 2017).

The library chooses coalitions and fits a weighted regression to their values in one go. Here it is run twice
with one seed: to learn which coalitions it will ask for, and to have it solve for each of them alone. Its
regression without penalty is linear in the values, so that this gives the weight of every coalition.
"""

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import comb

import numpy as np
from numpy.typing import NDArray

from value_personas.signatures import RecipeError

__all__ = [
    "Block",
    "exact_block",
    "kernel_block",
    "kernel_blocks",
    "pair_block",
    "permutation_blocks",
    "weight_matrix",
]


Array = NDArray[np.float64]


Block = Mapping[int, Array]
"""Coalition → its weight in each player's value, shape (players,)."""


Masks = Callable[[Array], Array]
Explain = Callable[[Masks, int, int, int], Array]

_KERNEL_STREAM = 32
"""Keeps the repetitions' draws apart from every other draw of the recipe's seed."""


def kernel_blocks(n: int, samples: int, seed: int) -> Iterator[Block]:
    """Repetitions, without end; where one holds every coalition, that one only.

    Raises:
        RecipeError: when the library is not installed, or there are too few samples for n players.
    """
    explain = _library()
    if samples < min(2 * n, (1 << n) - 2):
        raise RecipeError(f"shapley.samples: {n} players need at least {2 * n} samples, got {samples}")
    for repeat in np.random.SeedSequence(seed, spawn_key=(_KERNEL_STREAM,)).generate_state(1 << 16):
        yield kernel_block(n, samples, int(repeat), explain)
        if samples >= (1 << n) - 2:
            return


def kernel_block(n: int, samples: int, seed: int, explain: "Explain | None" = None) -> Block:
    """The coalitions of one repetition, and their weights."""
    explain = explain or _library()
    seen: dict[int, None] = {}

    def learn(masks: Array) -> Array:
        seen.update(dict.fromkeys(_coalitions(masks)))
        return np.zeros(len(masks))

    explain(learn, n, samples, seed)
    place = {coalition: s for s, coalition in enumerate(seen)}

    def each_alone(masks: Array) -> Array:
        return np.asarray(np.eye(len(place))[[place[coalition] for coalition in _coalitions(masks)]])

    weights = explain(each_alone, n, samples, seed)
    return {coalition: weights[:, s] for coalition, s in place.items()}


def _coalitions(masks: Array) -> list[int]:
    return [sum(1 << i for i in np.flatnonzero(mask).tolist()) for mask in masks]


def _library() -> Explain:
    """The one use of ``shap``: a function of masks explained at "all" against "none"."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # its plots, which are not used, warn of Matplotlib's future
            from shap import KernelExplainer
    except ImportError:
        raise RecipeError(
            "shapley.method kernel: needs the shap library; pip install 'value-personas[shap]', or say "
            'method = "permutation"'
        ) from None

    def explain(of: Masks, n: int, samples: int, seed: int) -> Array:
        with _legacy_seed(seed):
            explainer = KernelExplainer(of, np.zeros((1, n)))
            values = explainer.shap_values(np.ones((1, n)), nsamples=samples, l1_reg=False, silent=True)
        return np.asarray(values[0], dtype=np.float64)

    return explain


@contextmanager
def _legacy_seed(seed: int) -> Iterator[None]:
    """The library draws from NumPy's global state, and knows no other way; the state is put back."""
    state = np.random.get_state()  # noqa: NPY002
    np.random.seed(seed)  # noqa: NPY002
    try:
        yield
    finally:
        np.random.set_state(state)  # noqa: NPY002


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
