"""What a descriptor tells a reader: the answer it stands for (recovery), and more than that (spill-over).

A judge reads one descriptor and nothing else, and is asked every item of the instrument. On the descriptor's
own item it should recover the answer. On the others it should move no further than people with that answer
do: what goes beyond is unintended inference.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from value_personas.programs.descriptor_writer import DescriptorTable
from value_personas.programs.elicitation import ElicitationSettings, choose_elicitation
from value_personas.programs.engines.model import Model
from value_personas.programs.panel import Panel
from value_personas.programs.personas import verbatim_answer
from value_personas.programs.respondent import Respondent
from value_personas.signatures import (
    Array,
    Persona,
    Question,
    RecoverAnswer,
    ValueItem,
    mean_of_known,
    quotient,
)


@dataclass(frozen=True, slots=True)
class Statement:
    """One text that stands for one answer.

    Attributes:
        item: the item's code.
        score: the stored code of the answer.
        wording: which of several wordings.
        text: all that the judge reads.
    """

    item: str
    score: float
    wording: int
    text: str


@dataclass(frozen=True, slots=True)
class Judged:
    """What a judge made of S statements, asked all I items of at most K options.

    Attributes:
        statements: S statements.
        items: I items.
        probabilities: shape (S, I, K); NaN beyond an item's options and where there is no answer.
        missing: answers that are missing.
        elicitation: how the judge was asked, and why so.
    """

    statements: tuple[Statement, ...]
    items: tuple[ValueItem, ...]
    probabilities: Array
    missing: int
    elicitation: str

    def expected_error(self, row: int) -> float:
        """E|r − r_a| of one statement on its own item, in the item's scale points; NaN where missing."""
        statement = self.statements[row]
        column, item = self._own(statement)
        p = self.probabilities[row, column, : len(item.scale)]
        return float(p @ np.abs(item.scale.values - statement.score))

    def own_distribution(self, row: int) -> Array:
        """The judge's distribution on a statement's own item, shape (K of the item,)."""
        column, item = self._own(self.statements[row])
        return self.probabilities[row, column, : len(item.scale)]

    def conditional_means(self, code: str) -> Array:
        """The judge's means given each answer of an item, as shares of the scales.

        Returns:
            Shape (answers of the item, I), averaged over wordings; NaN where nothing was answered.
        """
        item = next(item for item in self.items if item.code == code)
        means = self._means()
        rows = [[s.item == code and s.score == score for s in self.statements] for score in item.scale.scores]
        return np.stack([mean_of_known(means[np.array(chosen, dtype=np.bool_)]) for chosen in rows])

    def _means(self) -> Array:
        """Shape (S, I), 0 at the first option of an item and 1 at its last."""
        means = np.full(self.probabilities.shape[:2], np.nan)
        for column, item in enumerate(self.items):
            r = item.scale.values
            means[:, column] = self.probabilities[:, column, : len(r)] @ ((r - r[0]) / (r[-1] - r[0]))
        return means

    def _own(self, statement: Statement) -> tuple[int, ValueItem]:
        return next((c, item) for c, item in enumerate(self.items) if item.code == statement.item)


def descriptor_statements(table: DescriptorTable) -> tuple[Statement, ...]:
    """Every descriptor as it stands, without heading."""
    return tuple(Statement(d.item, d.score, d.wording, d.text) for d in table.descriptors if d.text)


def verbatim_statements(items: Sequence[ValueItem]) -> tuple[Statement, ...]:
    """Every answer as question and answer."""
    return tuple(
        Statement(item.code, score, 0, f"Question: {item.text}\nAnswer: {verbatim_answer(item, score)}")
        for item in items
        for score in item.scale.scores
    )


async def judge_statements(
    model: Model,
    statements: Sequence[Statement],
    items: Sequence[ValueItem],
    settings: ElicitationSettings,
    concurrency: int = 16,
    on_answered: Callable[[int], None] = lambda n: None,
) -> Judged:
    """Ask a judge every item, given one statement at a time.

    Args:
        model: the judge; may be another model than wrote the descriptors.
        statements: at least one.
        items: the items of the instrument.
        settings: how answers are got out of the judge.
        concurrency: questions in flight at once.
        on_answered: called with the number of questions just settled.
    """
    questions = tuple(Question(item.code, item.text, item.scale) for item in items)
    personas = [Persona("statement", s.text, 1.0 / len(statements), "") for s in statements]
    way, why = await choose_elicitation(model, settings, personas[0], questions[0])
    judge = Respondent(replace(way, signature=RecoverAnswer))  # type: ignore[type-var]
    answers = await Panel(model, judge, concurrency).ask(personas, questions, on_answered)
    return Judged(
        tuple(statements), tuple(items), np.exp(answers.log_p), int((answers.missing >= 0).sum()), why
    )


def movement_matrix(conditional: Sequence[Array], shares: Sequence[Array]) -> Array:
    """How far answers move with the answer to each item.

    Entry (i, j) is Σ_a p_a |m_j(a) − Σ_b p_b m_j(b)|: the mean absolute deviation of the mean of item j given
    the answer to item i. It is 0 where nothing follows from item i, and the same formula serves people and
    judge, weighted by the same shares of people.

    Args:
        conditional: for each of I items, means given each of its answers, shape (answers, I).
        shares: for each item, the shares of people with each answer, shape (answers,), summing to 1.

    Returns:
        Shape (I, I), shares of the scale in [0, 1]. An answer whose mean is not known is left out and its
        share given to the others; NaN where none is known.
    """
    rows = []
    for means, p in zip(conditional, shares, strict=True):
        known = ~np.isnan(means)
        weight = np.where(known, p[:, None], 0.0)
        total = weight.sum(axis=0)
        weight = quotient(weight, total)
        filled = np.where(known, means, 0.0)
        rows.append((weight * np.abs(filled - (weight * filled).sum(axis=0))).sum(axis=0))
    return np.stack(rows)


def off_diagonal_mean(matrix: Array) -> float:
    """The mean over all pairs of different items that are known."""
    off = matrix[~np.eye(len(matrix), dtype=np.bool_)]
    known = off[~np.isnan(off)]
    return float(known.mean()) if known.size else float("nan")
