"""Which coalitions are asked, within a budget of calls."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from value_personas.experiments.recipe.shapley import ShapleySettings
from value_personas.experiments.shapley.designs import (
    Block,
    exact_block,
    permutation_blocks,
    weight_matrix,
)
from value_personas.experiments.shapley.players import Player, axis_players
from value_personas.signatures import Array, RecipeError

MOST_PLAYERS = 14
"""Beyond, every coalition is 32,768 or more, which nobody means."""


@dataclass(frozen=True, slots=True)
class Table:
    """Figures of some players, each a weighted sum of the coalitions' values.

    Attributes:
        players: P players.
        weights: shape (blocks, P, S); blocks are independent draws of the same, of which the mean is taken.
    """

    players: tuple[Player, ...]
    weights: Array = field(repr=False)


@dataclass(frozen=True, slots=True)
class Plan:
    """What is asked and how it adds up.

    Attributes:
        players: n players.
        coalitions: S coalitions, the empty one first and the full one last.
        tables: ``shapley``, ``leave_one_out`` (v(all) − v(all without i)), ``only_one`` (v(i) − v(∅)),
            ``total`` (v(all) − v(∅), as if all were one player), and ``axes`` where the players lie on both:
            the two axes' values as players of their own.
        calls: upper bound of the calls it takes, stored answers and descriptors included.
        blocks: independent draws that the Shapley values rest on.
        complete: whether the values are exact: nothing was sampled but persons and questions.
    """

    players: tuple[Player, ...]
    coalitions: tuple[int, ...]
    tables: Mapping[str, Table]
    calls: int
    blocks: int
    complete: bool

    @property
    def full(self) -> int:
        """The coalition of all players."""
        return (1 << len(self.players)) - 1

    def name(self, coalition: int) -> str:
        """Its players' codes, for tables."""
        inside = [player.code for i, player in enumerate(self.players) if coalition >> i & 1]
        return "+".join(inside) or "∅"


def plan_coalitions(
    settings: ShapleySettings,
    players: tuple[Player, ...],
    calls_of: Callable[[int], int],
    before: int,
    seed: int,
) -> Plan:
    """Choose coalitions.

    Args:
        settings: method and budget.
        players: n players.
        calls_of: upper bound of the calls that a coalition takes.
        before: calls that come first, whatever is asked.
        seed: of what is drawn. Neither what is stored nor what an answer is enters, so that the same recipe
            always asks the same.

    Raises:
        RecipeError: when the budget does not suffice, with the least that would.
    """
    n, axes = len(players), axis_players(players)
    _check(settings, n)
    purse = _Purse(calls_of, before, settings.budget_calls)
    singles = {1 << i for i in range(n)}
    full = (1 << n) - 1
    purse.must_afford({0, full, *singles, *(full ^ one for one in singles), *(c for _, c in axes.values())})
    most, least, source = _blocks(settings, n, seed)
    blocks: list[Block] = []
    for block in islice(source, most):
        if len(blocks) < least:
            purse.must_afford(block)
        elif not purse.affords(block):
            break
        blocks.append(block)
    coalitions = sorted(purse.asked, key=lambda c: (c.bit_count(), c))
    tables = {"shapley": Table(players, weight_matrix(blocks, coalitions, n))}
    tables |= _singles(players, coalitions)
    if axes:
        tables["axes"] = _axes(axes, coalitions)
    return Plan(players, tuple(coalitions), tables, purse.spent, len(blocks), len(blocks[0]) == 1 << n)


class _Purse:
    """Coalitions that are to be asked, each paid for once, and what they take at most."""

    def __init__(self, calls_of: Callable[[int], int], before: int, budget: int | None) -> None:
        self._calls_of = calls_of
        self._budget = budget
        self.spent = before
        self.asked: set[int] = set()

    def affords(self, coalitions: "set[int] | Block") -> bool:
        """Take coalitions in where the budget allows all of them."""
        new = set(coalitions) - self.asked
        price = sum(map(self._calls_of, new))
        if self._budget is not None and self.spent + price > self._budget:
            return False
        self.asked |= new
        self.spent += price
        return True

    def must_afford(self, coalitions: "set[int] | Block") -> None:
        """Take coalitions in without which there is no result."""
        if not self.affords(coalitions):
            price = sum(map(self._calls_of, set(coalitions) - self.asked))
            raise RecipeError(
                f"shapley.budget_calls = {self._budget}: {self.spent + price:,} calls are needed for "
                f"{len(self.asked | set(coalitions))} coalitions already; raise it, ask fewer questions "
                "(questions.include) or fewer persons (profiles.n), or take another shapley.method"
            )


def _check(settings: ShapleySettings, n: int) -> None:
    if n < 2:
        raise RecipeError("shapley.players: one player has all of the value; there must be two or more")
    if n > MOST_PLAYERS and settings.method == "exact":
        raise RecipeError(
            f"shapley.method exact: {n} players have {1 << n:,} coalitions; take permutation, or group items "
            "in shapley.players"
        )


def _blocks(settings: ShapleySettings, n: int, seed: int) -> tuple[int, int, Iterator[Block]]:
    """How many blocks are taken at most and at least, and where they come from."""
    if settings.method == "exact":
        return 1, 1, iter([exact_block(n)])
    return settings.pairs, 2, permutation_blocks(n, seed)


def _singles(players: tuple[Player, ...], coalitions: Sequence[int]) -> dict[str, Table]:
    """What each player does as the last one and as the only one, and what all do together."""
    place = {coalition: s for s, coalition in enumerate(coalitions)}
    n, full = len(players), coalitions[-1]
    last, only = np.zeros((1, n, len(coalitions))), np.zeros((1, n, len(coalitions)))
    for i in range(n):
        last[0, i, place[full]] += 1.0
        last[0, i, place[full ^ 1 << i]] -= 1.0
        only[0, i, place[1 << i]] += 1.0
        only[0, i, 0] -= 1.0
    total = np.zeros((1, 1, len(coalitions)))
    total[0, 0, [0, place[full]]] = -1.0, 1.0
    everybody = Player("all", "all items", tuple(code for player in players for code in player.items))
    return {
        "leave_one_out": Table(players, last),
        "only_one": Table(players, only),
        "total": Table((everybody,), total),
    }


def _axes(axes: Mapping[str, tuple[Player, int]], coalitions: Sequence[int]) -> Table:
    """The two axes' exact values, their coalitions written as those of the items."""
    masks = [mask for _, mask in axes.values()]
    block = {
        sum(mask for i, mask in enumerate(masks) if coalition >> i & 1): weight
        for coalition, weight in exact_block(len(masks)).items()
    }
    return Table(tuple(player for player, _ in axes.values()), weight_matrix([block], coalitions, len(masks)))
