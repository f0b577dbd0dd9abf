"""What single descriptors do to a reader: do they lead to their answer, and to more than that?"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from value_personas.experiments.tuning.watched import ProgramTable, stop_for_good
from value_personas.programs import Descriptor, Judged, Statement, judge_statements
from value_personas.programs.elicitation import ElicitationSettings
from value_personas.programs.engines import Model, run_in_background
from value_personas.signatures import ValueItem

_NOBODY = "You are a person."
"""What a reader is told of somebody of whom nothing is known."""

PROBED = 4
"""Descriptors of a candidate by which its spill-over is judged where it is penalised."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One descriptor as its reader took it.

    Attributes:
        recovery: the probability that the reader gives the described answer, in [0, 1].
        spill_over: how far the reader's answers on other items move from those on nobody in particular,
            averaged over items, as a share of the scale.
        moved: the item that moved most.
    """

    recovery: float
    spill_over: float
    moved: str


class DescriptorProbe:
    """Reads descriptors with the respondent, each on its own; what was read once is not read again.

    Args:
        model: the reader.
        items: the items of the instrument.
        elicitation: how answers are got out of it.
        programs: candidate → program.
        shown: descriptors a remark is made on, for each country.
    """

    def __init__(
        self,
        model: Model,
        items: Sequence[ValueItem],
        elicitation: ElicitationSettings,
        programs: ProgramTable,
        shown: int,
    ) -> None:
        self._model = model
        self._items = tuple(items)
        self._elicitation = elicitation
        self._programs = programs
        self._shown = shown
        self._readings: dict[str, Reading] = {}
        self._blank: Judged | None = None

    def __deepcopy__(self, memo: dict[int, Any]) -> "DescriptorProbe":
        """The same: an optimiser may copy what holds it."""
        return self

    def remarks(self, country: str, candidate: str) -> list[str]:
        """Sentences on the descriptors that most of a country's personas carry."""
        program = self._programs.get(candidate)
        if program is None or not self._shown:
            return []
        return [self._remark(d) for d in program.concerned(country)[: self._shown]]

    def spill_over(self, candidate: str) -> float:
        """The mean spill-over of a candidate's first descriptors, one an item."""
        program = self._programs.get(candidate)
        if program is None:
            return 0.0
        ends = {d.item: d for d in program.descriptors().descriptors if d.text}
        chosen = [ends[code] for code in sorted(ends)][:PROBED]
        return float(np.mean([self.read(d).spill_over for d in chosen])) if chosen else 0.0

    def read(self, descriptor: Descriptor) -> Reading:
        """One descriptor, asked every item of the instrument."""
        if descriptor.text not in self._readings:
            self._readings[descriptor.text] = self._reading(descriptor)
        return self._readings[descriptor.text]

    def _reading(self, d: Descriptor) -> Reading:
        if self._blank is None:
            self._blank = self._judge(Statement(d.item, d.score, 0, _NOBODY))
        judged = self._judge(Statement(d.item, d.score, d.wording, d.text))
        moves = {
            item.code: abs(_mean(judged, column, item) - _mean(self._blank, column, item))
            for column, item in enumerate(self._items)
            if item.code != d.item
        }
        known = {code: move for code, move in moves.items() if np.isfinite(move)}
        own = next(item for item in self._items if item.code == d.item)
        recovery = float(judged.own_distribution(0)[own.scale.index_of(d.score)])
        spill = float(np.mean(list(known.values()))) if known else float("nan")
        return Reading(recovery, spill, max(known, key=lambda code: known[code], default=""))

    def _judge(self, statement: Statement) -> Judged:
        with stop_for_good():
            return run_in_background(
                judge_statements(self._model, (statement,), self._items, self._elicitation)
            )

    def _remark(self, d: Descriptor) -> str:
        reading, items = self.read(d), {item.code: item for item in self._items}
        moved = items[reading.moved].text if reading.moved else "any other item"
        broken = f" It breaks a rule: {d.broken_rules[0]}." if d.broken_rules else ""
        return (
            f"The text “{d.text}” lets a reader recover its answer with probability {reading.recovery:.2f}, "
            f"and moves the reader's other answers by {reading.spill_over:.0%} of the scale, most on "
            f"“{moved}”, where it should imply nothing.{broken}"
        )


def _mean(judged: Judged, column: int, item: ValueItem) -> float:
    r = item.scale.values
    p = judged.probabilities[0, column, : len(r)]
    return float(p @ ((r - r[0]) / (r[-1] - r[0])))
