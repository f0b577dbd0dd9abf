"""The budget of one tuning: calls and money of all models together, over all of its sessions."""

import math
from fractions import Fraction

from value_personas.experiments.tuning.journal import AttemptJournal
from value_personas.signatures import BudgetError

_SMOOTH = 100
"""Calls assumed to need one attempt each, lest the very first fault foretells how the rest will go."""


class Meter:
    """Counts every attempt that a tuning ever sent, and each answer that it found in the store once.

    So a tuning that was killed and goes on stops where an unbroken one would have, and all its sessions
    together, with what a kill caught in flight, never pass the budget.

    Args:
        max_calls: attempts, and answers found in the store, at most.
        max_cost: money at most, at the models' own prices; None for no limit.
        journal: the attempts of earlier sessions, and where new ones are written; in memory when absent.

    Raises:
        BudgetError: when the earlier sessions used more than the budget.

    Attributes:
        calls: what this session used so far, counted as if it paid for all of it.
        total: the same, and attempts of earlier sessions that this one has not come to yet.
        paid: attempts that this session sent.
    """

    def __init__(
        self, max_calls: int, max_cost: float | None = None, journal: AttemptJournal | None = None
    ) -> None:
        self.max_calls = max_calls
        self.max_cost = max_cost
        self._journal = journal or AttemptJournal()
        self._earlier = frozenset(self._journal.attempts)
        self._met: set[bytes] = set()
        self._priced: set[bytes] = set()
        self._found_cost = Fraction(0)
        self._sent_cost = self._journal.cost_of(self._earlier)
        self._kept = (0, 0.0)
        self.calls = 0
        self.total = self._journal.attempts.total()
        self.paid = 0
        if self.total > max_calls or (max_cost is not None and self.cost > max_cost):
            raise BudgetError(
                f"tuning: its sessions so far sent {self.total} calls for {self.cost:.4g}, more than "
                "budget_calls or budget_cost now allow; raise them, or change the seed to begin anew"
            )

    @property
    def cost(self) -> float:
        """Money of the whole tuning, at the prices of the answers that it found in the store too."""
        return float(self._sent_cost + self._found_cost)

    @property
    def spent(self) -> float:
        """The same, counted as if this session paid for all that it used so far."""
        return float(self._journal.cost_of(self._met) + self._found_cost)

    @property
    def limit(self) -> int:
        """Calls allowed now. What is kept back grows with the attempts that a call has taken so far."""
        return self.max_calls - math.ceil(self._kept[0] * self._attempts_a_call)

    @property
    def _attempts_a_call(self) -> Fraction:
        return Fraction(self.calls + _SMOOTH, len(self._met) + _SMOOTH)

    def keep_back(self, calls: int, cost: float = 0.0) -> None:
        """Set so many calls and so much money aside; nothing asked from now on may touch them."""
        self._kept = (calls, cost)

    def meet(self, key: bytes) -> None:
        """Count a request that is about to be answered, from the store or anew.

        Raises:
            BudgetError: when it is new to this tuning and would pass the limit.
        """
        if key in self._met:
            return
        lacking = self._journal.refused.get((key, self._budget))
        if lacking is not None:  # so that what was asked for it later does not lead this session further
            raise self._out_of(lacking)
        attempts = self._journal.attempts[key]
        if not attempts:
            self._need_room(key, self.limit)
            self.total += 1
        self._met.add(key)
        self.calls += max(attempts, 1)

    def leave(self, key: bytes) -> None:
        """It is not answered after all; a request that was never sent does not count."""
        if key in self._met and not self._journal.attempts[key]:
            self._met.discard(key)
            self.calls -= 1
            self.total -= 1

    def find(self, key: bytes, cost: float) -> None:
        """Price a reply; one that this tuning never asked for was found in the store.

        Raises:
            BudgetError: when its price would pass the money.
        """
        if not cost or key in self._priced or self._journal.attempts[key]:
            return
        self._need_money(key, cost)
        self._priced.add(key)
        self._found_cost += Fraction(cost)

    def book(self, key: bytes, cost: float) -> None:
        """Write an attempt down before it is sent.

        Raises:
            BudgetError: when it could pass a limit.
            StoreError: when it cannot be written down.
        """
        is_reserved = key in self._met and not self._journal.attempts[key]
        if not is_reserved:
            # What an earlier session lost may be asked again out of what is kept back: it stands in the way
            # of everything that comes after it.
            self._need_room(key, self.max_calls if key in self._earlier else self.limit)
        try:
            self._need_money(key, cost)
        except BudgetError:
            self.leave(key)
            raise
        self._journal.book(key, cost)
        self._sent_cost += Fraction(cost)
        self.paid += 1
        if not is_reserved:
            self.total += 1
            self.calls += key in self._met

    def settle(self, key: bytes, change: float) -> None:
        """Correct what was booked for an attempt."""
        self._journal.settle(key, change)
        self._sent_cost += Fraction(change)

    @property
    def _budget(self) -> str:
        """The budget and what of it is kept back, as one word."""
        return f"{self.max_calls}/{self.max_cost}/{self._kept[0]}"

    def _need_room(self, key: bytes, limit: int) -> None:
        if self.total + 1 > limit:
            self._journal.refuse(key, self._budget, "calls")
            raise self._out_of("calls")

    def _need_money(self, key: bytes, cost: float) -> None:
        if self.max_cost is not None and self.cost + cost > self.max_cost - self._reserve:
            self._journal.refuse(key, self._budget, "money")
            raise self._out_of("money")

    @property
    def _reserve(self) -> float:
        return self._kept[1] * float(self._attempts_a_call)

    def _out_of(self, lacking: str) -> BudgetError:
        if lacking == "calls":
            kept = f"; {self.max_calls - self.limit} are kept for the last judgement" if self._kept[0] else ""
            return BudgetError(
                f"tuning.budget_calls = {self.max_calls} is reached{kept}; raise it and run again to go on"
            )
        kept = f" and {self._reserve:.4g} kept for the last judgement" if self._reserve else ""
        return BudgetError(
            f"the next call could pass tuning.budget_cost = {self.max_cost:g}, {self.cost:.4g} spent"
            f"{kept}; raise it and run again to go on"
        )
