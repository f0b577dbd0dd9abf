"""What a panel answered, and the arrays in which it is gathered."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from value_personas.programs.elicitation import average
from value_personas.signatures import (
    Answer,
    Array,
    MissingAnswer,
    MissingReason,
    Persona,
    Question,
    mean_of_known,
)

T = TypeVar("T", bound=np.generic)

REASONS = tuple(MissingReason)
"""The order in which ``PanelResult.missing`` numbers the reasons."""


@dataclass(frozen=True, slots=True)
class PanelResult:
    """What P personas answered to M questions of at most K options.

    Attributes:
        personas: P personas, in the order asked.
        questions: M questions, in the order asked.
        log_p: shape (P, M, K), natural logarithms in scale order; NaN where there is no answer, and
            beyond the options of a shorter question.
        label_mass: shape (P, M); NaN where there is no answer.
        dont_know: shape (P, M), the share of label mass on "don't know"; NaN where there is no answer.
        missing: shape (P, M), an index into ``REASONS``; −1 where there is an answer.
        order_effect: shape (M,), mean total variation between a persona's answers on the first and the
            last of its forms; where each was asked on one, in balanced order, total variation between the
            mean answers of those asked forward and of those asked in reverse; else NaN.
        wording_spread: shape (M,), mean total variation between a persona's answer in one wording and its
            answer averaged over wordings; NaN where there was one wording only.
        draws: answers counted in each distribution; 0 where they are log-probabilities or stated.
        normalised: shape (M,), share of the answers whose stated numbers were scaled to sum to 1.
        missing_stored: shape (P, M), where an answer is missing by what was replied, which the store keeps.
        examples: reason → what was said in place of one missing answer.
        order_chance: shape (M,), what ``order_effect`` would be on average if order moved nothing and persons
            differed as they do; NaN where it was measured within persons.
        stray_mass: shape (P, M), the probability on letters that are no option of the page; NaN where there
            is no answer, or none by first tokens.
    """

    personas: tuple[Persona, ...]
    questions: tuple[Question, ...]
    log_p: Array
    label_mass: Array
    dont_know: Array
    missing: NDArray[np.int8]
    order_effect: Array
    wording_spread: Array
    draws: int = 0
    normalised: Array | None = None
    missing_stored: NDArray[np.bool_] | None = None
    examples: Mapping[str, str] = field(default_factory=dict)
    order_chance: Array | None = None
    stray_mass: Array | None = None

    def stored_by_reason(self) -> dict[str, int]:
        """How many of the missing cells are so by replies that the store keeps, by reason."""
        if self.missing_stored is None:
            return {}
        counts = Counter(self.missing[self.missing_stored].tolist())
        return {REASONS[code].value: n for code, n in sorted(counts.items())}

    def missing_by_reason(self) -> dict[str, int]:
        """How many (persona, question) cells are missing, by reason."""
        counts = Counter(self.missing[self.missing >= 0].tolist())
        return {REASONS[code].value: n for code, n in sorted(counts.items())}


class Sheet:
    """The arrays being filled, first a row for each distinct persona text, in the end one for each persona.

    Args:
        personas: whose answers they are.
        questions: what they are asked.
        wordings: in how many wordings.
        balanced: whether the options of one in two stand the other way round.

    Attributes:
        texts: the distinct texts, each of which is asked once.
    """

    def __init__(
        self, personas: Sequence[Persona], questions: Sequence[Question], wordings: int, balanced: bool
    ) -> None:
        self.personas = tuple(personas)
        self.questions = tuple(questions)
        self.wordings = wordings
        row_of: dict[str, int] = {}
        self._rows = np.array([row_of.setdefault(p.text, len(row_of)) for p in personas], dtype=np.intp)
        self.texts = tuple(row_of)
        shape, of_texts = (len(personas), len(questions)), (len(row_of), len(questions))
        options = max((len(q.scale) for q in questions), default=0)
        self.log_p = np.full((*shape, options), np.nan)
        self.missing = np.full(shape, -1, dtype=np.int8)
        self.label_mass = np.full(shape, np.nan)
        self.dont_know = np.full(shape, np.nan)
        self.stray_mass = np.full(shape, np.nan)
        self.missing_stored = np.zeros(shape, dtype=np.bool_)
        self.turned = np.zeros(of_texts, dtype=np.bool_) if balanced else None
        self.order_effect = np.full(of_texts, np.nan)
        self.wording_spread = np.full(of_texts, np.nan)
        self.normalised = np.zeros(of_texts, dtype=np.bool_)
        self.examples: dict[str, str] = {}

    def enter(
        self, at: tuple[int, int], pages: list[Answer | MissingAnswer], *, replied: bool, turned: bool
    ) -> None:
        """Write one settled cell.

        Args:
            at: its persona text and question.
            pages: one answer a page.
            replied: whether it was replied to, and the replies kept; else the call was given up.
            turned: whether its first page was asked with reversed options.
        """
        answer = average(pages)
        if isinstance(answer, MissingAnswer):
            self.missing[at] = REASONS.index(answer.reason)
            self.missing_stored[at] = replied
            self.examples.setdefault(answer.reason.value, answer.detail)
            return
        self.log_p[at][: len(answer.log_probabilities)] = answer.log_probabilities
        self.label_mass[at], self.dont_know[at] = answer.label_mass, answer.dont_know
        if answer.normalised:
            self.normalised[at] = True
        if answer.stray_mass is not None:
            self.stray_mass[at] = answer.stray_mass
        if self.turned is not None:
            self.turned[at] = turned
        if len(pages) > 1:
            self._compare(at, [page.probabilities for page in pages if isinstance(page, Answer)])

    def _compare(self, at: tuple[int, int], pages: list[Array]) -> None:
        """How far the answers of one cell move with the order of options and with the wording."""
        by_wording = np.array(pages).reshape(self.wordings, -1, len(pages[0]))
        if by_wording.shape[1] > 1:
            self.order_effect[at] = 0.5 * np.abs(by_wording[:, 0] - by_wording[:, -1]).sum(axis=1).mean()
        if self.wordings > 1:
            means = by_wording.mean(axis=1)
            self.wording_spread[at] = 0.5 * np.abs(means - means.mean(axis=0)).sum(axis=1).mean()

    def result(self, draws: int) -> PanelResult:
        """The result, once; ``draws`` as there."""
        asked = slice(len(self.texts))
        effect, chance = mean_of_known(self.order_effect), np.full(len(self.questions), np.nan)
        if self.turned is not None:
            pairs = [_between(np.exp(self.log_p[asked, m]), turned) for m, turned in enumerate(self.turned.T)]
            effect, chance = np.reshape(pairs, (-1, 2)).T
        normalised = mean_of_known(np.where(self.missing[asked] < 0, self.normalised, np.nan))
        return PanelResult(
            self.personas,
            self.questions,
            log_p=self._of_personas(self.log_p),
            label_mass=self._of_personas(self.label_mass),
            dont_know=self._of_personas(self.dont_know),
            missing=self._of_personas(self.missing),
            order_effect=effect,
            wording_spread=mean_of_known(self.wording_spread),
            draws=draws,
            normalised=normalised,
            missing_stored=self._of_personas(self.missing_stored),
            examples=self.examples,
            order_chance=chance,
            stray_mass=self._of_personas(self.stray_mass),
        )

    def _of_personas(self, values: NDArray[T]) -> NDArray[T]:
        """From a row a text to a row a persona, in place.

        No persona stands before its text's row: from the end on, nothing is written over that is still read.
        """
        for end in range(len(values), 0, -_SPREAD):
            part = slice(max(end - _SPREAD, 0), end)
            values[part] = values[self._rows[part]]
        return values


_SPREAD = 1024
"""Rows that are copied at once."""

_REDEALT = 64
"""How often the coins are thrown anew to see what chance makes of the order's effect."""


def _between(p: Array, turned: NDArray[np.bool_]) -> tuple[float, float]:
    """How far those asked with reversed options are from those asked forward.

    Args:
        p: shape (N, K), a row a person, in the order asked; NaN where there is no answer.
        turned: shape (N,), who was asked with reversed options: one of every two.

    Returns:
        The total variation between the two mean answers, and its mean when every two persons' coin is thrown
        anew. NaN where either group is empty.
    """
    coins = np.random.default_rng(0).random((_REDEALT, -(-len(p) // 2))) < 0.5
    coins[0] = False  # as they fell
    known = ~np.isnan(p[:, 0])
    sides = (turned ^ np.repeat(coins, 2, axis=1)[:, : len(p)])[:, known]
    p = np.nan_to_num(p[known])
    counts = sides.sum(axis=1, keepdims=True), (~sides).sum(axis=1, keepdims=True)
    if counts[0][0] == 0 or counts[1][0] == 0:
        return np.nan, np.nan
    means = [(side @ p) / np.maximum(n, 1) for side, n in zip((sides, ~sides), counts, strict=True)]
    moved = 0.5 * np.abs(means[0] - means[1]).sum(axis=1)
    return float(moved[0]), float(moved[1:].mean())
