"""Everything that was evaluated, in order: what the curve and the choice among candidates rest on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pandas as pd

Part = Literal["training", "validation"]
Cell = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Evaluation:
    """One candidate on one cell.

    Attributes:
        candidate: the digest of its prompts.
        rollout: which draw of its descriptors; the choice rests on draw 0 alone.
        cell: (country, question).
        part: ``training`` or ``validation``.
        score: the reward, in [0, 1].
    """

    candidate: str
    rollout: int
    cell: Cell
    part: Part
    score: float


class Ledger:
    """Hears of every evaluation, however often an optimiser repeats it.

    Args:
        calls: the calls used so far.
        on_entry: told of the calls used and the evaluations made.

    Attributes:
        rejected: candidate → why its prompts were not asked.
    """

    def __init__(
        self, calls: Callable[[], int], on_entry: Callable[[int, int], None] = lambda calls, n: None
    ) -> None:
        self._calls = calls
        self._on_entry = on_entry
        self._entries: list[tuple[int, Evaluation]] = []
        self._scores: dict[tuple[str, Cell], float] = {}
        self.rejected: dict[str, str] = {}

    def __deepcopy__(self, memo: dict[int, Any]) -> "Ledger":
        """The same: metrics are copied with what holds them."""
        return self

    def enter(self, evaluation: Evaluation, rejected: str | None = None) -> None:
        """Keep one evaluation."""
        self._entries.append((self._calls(), evaluation))
        if evaluation.rollout == 0:
            self._scores[evaluation.candidate, evaluation.cell] = evaluation.score
        if rejected is not None:
            self.rejected[evaluation.candidate] = rejected
        self._on_entry(self._calls(), len(self._entries))

    @property
    def candidates(self) -> tuple[str, ...]:
        """Every candidate that was evaluated on its own descriptors, in order."""
        return tuple(dict.fromkeys(candidate for candidate, _ in self._scores))

    def mean(self, candidate: str, cells: tuple[Cell, ...]) -> float:
        """The mean reward on these cells; NaN unless it was evaluated on all of them."""
        values = [self._scores.get((candidate, cell), float("nan")) for cell in cells]
        return float(np.mean(values)) if values else float("nan")

    def gain(self, candidate: str, original: str) -> float:
        """The mean paired gain over the original on the cells that both were evaluated on; −∞ without any."""
        shared = [
            score - self._scores[original, cell]
            for (name, cell), score in self._scores.items()
            if name == candidate and (original, cell) in self._scores
        ]
        return float(np.mean(shared)) if shared else -float("inf")

    def frame(self) -> pd.DataFrame:
        """One row for each evaluation; ``calls`` are those used by then."""
        rows = [
            {
                "calls": calls,
                "candidate": e.candidate,
                "rollout": e.rollout,
                "country": e.cell[0],
                "question": e.cell[1],
                "part": e.part,
                "score": e.score,
            }
            for calls, e in self._entries
        ]
        columns = ["calls", "candidate", "rollout", "country", "question", "part", "score"]
        return pd.DataFrame(rows, columns=columns)
