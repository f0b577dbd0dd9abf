"""What the other countries answered, as one table of distributions."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np

from value_personas.signatures import Array, Question


class HumanDistributions(Protocol):
    """Answer distributions by country and question: a ``data.Survey``, or published tables."""

    @property
    def countries(self) -> tuple[str, ...]:
        """C codes."""
        ...

    @property
    def questions(self) -> tuple[Question, ...]:
        """M questions."""
        ...

    def has_answers(self, question: Question | str, country: str) -> bool:
        """Whether the cell holds answers."""
        ...

    def distribution(self, question: Question | str, country: str) -> Array:
        """Shape (K,), summing to 1."""
        ...


@dataclass(frozen=True, slots=True)
class ShareTable:
    """Distributions that stand in a table already.

    Attributes:
        countries: C codes.
        questions: M questions.
        shares: shape (C, M, K); NaN where a country was not asked and beyond a question's options.
    """

    countries: tuple[str, ...]
    questions: tuple[Question, ...]
    shares: Array

    def has_answers(self, question: Question | str, country: str) -> bool:
        """Whether the cell holds answers."""
        return not np.isnan(self._cell(question, country)[0])

    def distribution(self, question: Question | str, country: str) -> Array:
        """Shape (K,), summing to 1."""
        return self._cell(question, country)

    def _cell(self, question: Question | str, country: str) -> Array:
        code = question if isinstance(question, str) else question.code
        place = [one.code for one in self.questions].index(code)
        own = len(self.questions[place].scale)
        return np.asarray(self.shares[self.countries.index(country), place, :own])


@dataclass(frozen=True, slots=True)
class OtherCountries:
    """What every country but one answered. The one that is predicted is not in it.

    Attributes:
        countries: C − 1 codes.
        table: shape (C − 1, M, K); NaN where a country was not asked and beyond a question's options.
    """

    countries: tuple[str, ...]
    table: Array


def human_table(source: HumanDistributions) -> Array:
    """Every cell's distribution, shape (C, M, K); NaN where not asked and beyond a question's options."""
    options = max(len(question.scale) for question in source.questions)
    table = np.full((len(source.countries), len(source.questions), options), np.nan)
    for c, country in enumerate(source.countries):
        for m, question in enumerate(source.questions):
            if source.has_answers(question, country):
                table[c, m, : len(question.scale)] = source.distribution(question, country)
    return table


def leave_one_out(
    countries: Sequence[str], table: Array, predict: Callable[[str, OtherCountries], Array]
) -> Array:
    """Predict each country from the others.

    Args:
        countries: C codes.
        table: shape (C, M, K).
        predict: (country, the others) → shape (M, K), NaN where it cannot say.

    Returns:
        Shape (C, M, K).
    """
    predicted = np.full(table.shape, np.nan)
    for c, country in enumerate(countries):
        others = OtherCountries((*countries[:c], *countries[c + 1 :]), np.delete(table, c, axis=0))
        predicted[c] = predict(country, others)
    return predicted
