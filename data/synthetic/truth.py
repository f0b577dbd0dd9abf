"""What is known for certain of the synthetic world's populations."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import cast

import numpy as np
from numpy.typing import NDArray

from value_personas.data.synthetic.world import People, SyntheticCountry, World
from value_personas.signatures import SurveyError

__all__ = ["SyntheticTruth"]

Floats = NDArray[np.float64]

_CENSUS = 20_000
"""People by whom a whole population is represented: the mean over them has a standard error below 0.003."""


@dataclass(frozen=True)
class SyntheticTruth:
    """The populations from which a synthetic survey was drawn.

    Attributes:
        world: the laws of items and answers, loadings included.
        countries: the countries of the survey, by alpha-3 code.
        options: question code → the number of its options, for the questions of the survey.
        seed: of the survey; the populations themselves do not depend on it.
    """

    world: World
    countries: Mapping[str, SyntheticCountry]
    options: Mapping[str, int]
    seed: int
    _census: dict[str, People] = field(default_factory=dict, repr=False, compare=False)

    def population_distribution(self, question: str, country: str) -> Floats:
        """The distribution of a target answer in the whole population.

        The law of each of 20,000 inhabitants is averaged, not answers drawn from it.

        Args:
            question: its code.
            country: its alpha-3 code.

        Returns:
            Shape (K,), in the order of the codes, summing to 1.
        """
        if question not in self.options:
            raise SurveyError(
                f"question {question!r} is not in the synthetic survey; got {', '.join(self.options)}"
            )
        law = self.world.targets[question]
        people = self._people(country)
        return cast("Floats", law.probabilities(people.items, self.options[question]).mean(axis=0))

    def item_distribution(self, item: str, country: str) -> Floats:
        """The distribution of a value item in the whole population, shape (K,), in the order of the codes."""
        people = self._people(country)
        counts = np.bincount(people.answers[item], minlength=people.levels[item])
        return cast("Floats", counts / counts.sum())

    def item_means(self, country: str) -> dict[str, float]:
        """Item code → the population's mean, in unit coordinates."""
        return {code: float(answers.mean()) for code, answers in self._people(country).items.items()}

    def _people(self, country: str) -> People:
        if country not in self.countries:
            raise SurveyError(
                f"country {country!r} is not in the synthetic survey; it holds {', '.join(self.countries)}"
            )
        if country not in self._census:
            home = self.countries[country]
            urban = np.arange(_CENSUS) < round(home.urban * _CENSUS)
            rng = np.random.default_rng(home.numeric)
            self._census[country] = self.world.people(home, urban, rng)
        return self._census[country]
