"""Published answer distributions: what a country answered, where respondents' records are not at hand."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np

from value_personas.data.survey.survey import Survey
from value_personas.signatures import Array, Integers, Question


@dataclass(frozen=True, repr=False)
class PublishedDistributions(Survey):
    """A survey of which the shares are known and no respondent is.

    Attributes:
        sizes: question → respondents behind each country's shares, shape (C,); NaN where they are not told, 0
            where the country was not asked.
        missing: (question, country) → kind of missing answer → share of all who were asked.
    """

    sizes: Mapping[str, Array] = field(default_factory=dict, repr=False)
    missing: Mapping[tuple[str, str], Mapping[str, float]] = field(default_factory=dict, repr=False)

    @property
    def has_respondents(self) -> bool:
        """Nobody's record is here."""
        return False

    def answered(self, question: Question | str, country: str) -> int:
        """Respondents behind the shares; 0 where they are not told."""
        known = self.sizes[self._question(question).code][self.countries.index(self._country(country))]
        return int(np.nan_to_num(known))

    def responses(self, question: Question | str, country: str) -> tuple[Integers, Array]:
        """As many answers as were given, of weights that come to the published shares exactly.

        Nothing is known of how answers were weighted: each weighs as much as any other, but for the rounding
        of the shares. Empty where the number of respondents is not told.
        """
        n = self.answered(question, country)
        if not n:
            return np.empty(0, dtype=np.int64), np.empty(0)
        share = self.distribution(question, country)
        counts = _apportioned(share, n)
        positions = np.repeat(np.arange(len(share)), counts)
        return positions, (share[positions] * counts.sum() / counts[positions]).astype(np.float64)

    def missing_share(self, question: Question | object, country: str) -> dict[str, float]:
        """What the table tells of missing answers."""
        code = question if isinstance(question, str) else getattr(question, "code", "")
        return dict(self.missing.get((str(code), self._country(country)), {}))

    def respondents(self, country: str) -> int:
        """The most respondents that any question of the country has."""
        return max((self.answered(question, country) for question in self.questions), default=0)

    def effective_size(self, country: str) -> float:
        """The same: nothing is known of weights."""
        return float(self.respondents(country)) or float("nan")


def _apportioned(share: Array, n: int) -> Integers:
    """N answers by largest remainders, and one at least to every option that has a share."""
    exact = share * n
    counts = np.floor(exact).astype(np.int64)
    counts[np.argsort(counts - exact, kind="stable")[: n - counts.sum()]] += 1
    return np.where(share > 0, np.maximum(counts, 1), 0)
