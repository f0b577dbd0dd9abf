"""Placebos: value personas from which one thing is taken away.

Each turns a country's sample into another one, from which personas are built as ever.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from value_personas.programs.personas.base import Person, PersonaBuilder, PopulationSample
from value_personas.signatures import Array, Persona, Profile, RecipeError, ValueItem

_MARGINAL_STREAM, _SHUFFLE_STREAM = 11, 12
"""Keep the placebos' draws apart from every other draw of the recipe's seed."""


@dataclass(frozen=True, slots=True)
class ShuffledPersonas:
    """Another country's profiles: what remains is what any population's values would give.

    Attributes:
        values: builds the texts.
        samples: every country's sample.
        donor: country → the country whose profiles it gets.
    """

    values: PersonaBuilder
    samples: Mapping[str, PopulationSample]
    donor: Mapping[str, str]

    @property
    def kind(self) -> str:
        """That of the texts."""
        return self.values.kind

    def build(self, sample: PopulationSample) -> tuple[Persona, ...]:
        """The donor's personas under this country's name."""
        donated = self.samples[self.donor[sample.country]]
        return self.values.build(replace(donated, country=sample.country, name=sample.name))


@dataclass(frozen=True, slots=True)
class MarginalPersonas:
    """Every item's answers dealt anew among the same draws: the joint distribution is destroyed.

    Attributes:
        values: builds the texts.
        seed: of the deal.
    """

    values: PersonaBuilder
    seed: int = 0

    @property
    def kind(self) -> str:
        """That of the texts."""
        return self.values.kind

    def build(self, sample: PopulationSample) -> tuple[Persona, ...]:
        """Personas of the dealt profiles."""
        return self.values.build(marginal_sample(sample, self.seed))


@dataclass(frozen=True, slots=True)
class MeanProfile:
    """One persona at the country's mean on every item: no spread between personas.

    Attributes:
        values: builds the text.
        items: the items, for the points of their scales.
    """

    values: PersonaBuilder
    items: tuple[ValueItem, ...]

    @property
    def kind(self) -> str:
        """That of the texts."""
        return self.values.kind

    def build(self, sample: PopulationSample) -> tuple[Persona, ...]:
        """One persona of weight 1."""
        return self.values.build(mean_sample(sample, self.items))


def donors(countries: Collection[str], seed: int) -> dict[str, str]:
    """Whose profiles each country gets: a random ring, so that none gets its own.

    Raises:
        RecipeError: with fewer than two countries.
    """
    if len(countries) < 2:
        raise RecipeError("personas shuffled: needs the profiles of another country, and there is only one")
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(_SHUFFLE_STREAM,)))
    ring = [str(country) for country in rng.permutation(sorted(countries))]
    return dict(zip(ring, [*ring[1:], ring[0]], strict=True))


def marginal_sample(sample: PopulationSample, seed: int) -> PopulationSample:
    """The same draws with each item's answers dealt anew, independently of the other items.

    Draws of equal weight keep every item's distribution exactly: each answer is dealt once. Others keep it
    to within one draw.
    """
    people = sample.people or sample.holders()
    weights = np.array([person.weight for person in people])
    answers = _answers([person.profile for person in people])
    key = (_MARGINAL_STREAM, crc32(sample.country.encode()))
    rng = np.random.default_rng(np.random.SeedSequence(seed, spawn_key=key))
    dealt = {code: column[rng.permutation(_even_walk(weights, rng))] for code, column in answers.items()}
    n = len(people)
    shares: dict[Profile, float] = {}
    holders = []
    for i in range(n):
        told = [(code, float(column[i])) for code, column in dealt.items() if not np.isnan(column[i])]
        profile = Profile(tuple(code for code, _ in told), tuple(answer for _, answer in told))
        shares[profile] = shares.get(profile, 0.0) + 1.0 / n
        holders.append(Person(profile, 1.0 / n))
    return replace(sample, profiles=tuple(shares), weights=tuple(shares.values()), people=tuple(holders))


def mean_sample(sample: PopulationSample, items: Collection[ValueItem]) -> PopulationSample:
    """One profile: on each item the answer nearest to the weighted mean of those who gave one."""
    answers, weights = _answers(sample.profiles), np.array(sample.weights)
    told = []
    for item in items:
        column = answers.get(item.code)
        if column is None:
            continue
        known = ~np.isnan(column)
        mean = float(np.average(column[known], weights=weights[known]))
        told.append((item.code, item.scale.scores[int(np.argmin(np.abs(item.scale.values - mean)))]))
    profile = Profile(tuple(code for code, _ in told), tuple(score for _, score in told))
    return replace(sample, profiles=(profile,), weights=(1.0,), people=())


def _answers(profiles: Sequence[Profile]) -> dict[str, Array]:
    """Item → each profile's answer, NaN where it has none."""
    codes = dict.fromkeys(code for profile in profiles for code in profile.items)
    told = [profile.as_dict() for profile in profiles]
    return {code: np.array([answers.get(code, np.nan) for answers in told]) for code in codes}


def _even_walk(weights: Array, rng: np.random.Generator) -> NDArray[np.intp]:
    """As many draws as there are weights, each drawn in proportion to its weight (Madow 1949)."""
    n, ends = len(weights), np.cumsum(weights)
    steps = (rng.random() + np.arange(n)) / n * ends[-1]
    return np.asarray(np.searchsorted(ends, steps, side="right").clip(max=n - 1), dtype=np.intp)
