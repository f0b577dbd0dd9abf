"""A comparator: a prediction without a language model, and what it may rest on."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from value_personas import data
from value_personas.experiments.comparators.distributions import (
    HumanDistributions,
    OtherCountries,
    human_table,
    leave_one_out,
)
from value_personas.signatures import Array, SurveyError


@dataclass(frozen=True)
class Sources:
    """What C countries answered to M questions of at most K options, and what a recipe says of comparators.

    Attributes:
        answers: a survey, or published distributions.
        profiles: its respondents' value profiles; None of published distributions.
        neighbours: how many countries next on the cultural map are averaged.
        max_respondents: training respondents that a regression is fitted on at most.
        seed: of every draw.
    """

    answers: HumanDistributions
    profiles: data.ProfileTable | None = None
    neighbours: int = 3
    max_respondents: int = 20_000
    seed: int = 0

    @cached_property
    def table(self) -> Array:
        """Every cell's distribution, shape (C, M, K); NaN where not asked and beyond a question's options."""
        return human_table(self.answers)

    @property
    def survey(self) -> data.Survey:
        """The respondents' own answers.

        Raises:
            SurveyError: where there are published distributions alone.
        """
        if not isinstance(self.answers, data.Survey) or not self.answers.has_respondents:
            raise SurveyError("the records of respondents are needed, and these are published distributions")
        return self.answers

    def leave_one_out(self, predict: Callable[[str, OtherCountries], Array]) -> Array:
        """Predict each country from the others: (country, the others) → (M, K) becomes (C, M, K)."""
        return leave_one_out(self.answers.countries, self.table, predict)


@dataclass(frozen=True, slots=True)
class Prediction:
    """Predicted distributions.

    Attributes:
        probabilities: shape (C, M, K), each cell's own options summing to 1; NaN beyond them, and
            throughout a cell of which nothing can be said.
        notes: what a reader must know.
    """

    probabilities: Array
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Comparator:
    """A prediction without a language model.

    Attributes:
        meaning: what it is, in the few words of a methods section.
        predict: of every cell. A country's own answers belong to ``Sources``, but a prediction rests on
            those of others alone; ``Sources.leave_one_out`` sees to that.
        needs: ``countries``: the answers of others, and so two countries; ``respondents``: their records,
            which published distributions lack; ``items``: their answers to value items.
    """

    meaning: str
    predict: Callable[[Sources], Prediction]
    needs: tuple[Literal["countries", "respondents", "items"], ...] = ("countries",)
