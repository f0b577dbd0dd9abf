"""Who was drawn, and which personas they are when only some of what is known of them is told."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from value_personas.experiments.evaluation.redrawn import redraw_people
from value_personas.experiments.shapley.players import Player
from value_personas.programs import PopulationSample
from value_personas.programs.personas import Person, PersonaBuilder, PersonaKindSpec
from value_personas.signatures import Array, Persona

Integers = NDArray[np.intp]


@dataclass(frozen=True, slots=True)
class Shares:
    """One country's part in the texts of a coalition.

    Attributes:
        texts: shape (t,), the places of its own texts.
        weights: shape (t,), its share of each.
        redrawn: shape (R, t), the shares after its persons were drawn anew; of calibrated weights, shape
            (G, t), with every G-th draw given up.
    """

    texts: Integers
    weights: Array
    redrawn: Array


@dataclass(frozen=True, slots=True)
class Cast:
    """The personas of one coalition.

    Attributes:
        personas: every text once, whichever countries it serves.
        shares: of each country.
    """

    personas: tuple[Persona, ...]
    shares: tuple[Shares, ...]


class Roster:
    """The persons of every country, each with all that is known of it.

    A kind of persona that does not name the country has one set of texts for all: who tells the same is one
    persona, wherever it lives, and each country has its own weights on it.

    Args:
        samples: the sampled population of each country.
        spec: the kind of persona.
        players: whose items are told or not.
        draws: how often each country's persons are drawn anew, with replacement; the same draws serve every
            coalition, so that differences between coalitions are paired. Persons of calibrated weights are
            left out by groups in their place.
        seed: of those draws.

    Attributes:
        countries: C codes.
        draws: R.
        seed: as given.
        by_groups: whether persons are left out by groups, as ``persona_replicates`` does.
        groups: how many groups of persons who tell the same a coalition has.
        somebody: the first person, to see what a kind makes of one.
    """

    def __init__(
        self,
        samples: Sequence[PopulationSample],
        spec: PersonaKindSpec,
        players: Sequence[Player],
        draws: int,
        seed: int,
    ) -> None:
        self.countries = tuple(sample.country for sample in samples)
        self._players = players
        people = [sample.people or sample.holders() for sample in samples]
        self._persons = tuple(
            replace(sample, profiles=(p.profile,), weights=(1.0,), people=(replace(p, weight=1.0),))
            for sample, persons in zip(samples, people, strict=True)
            for p in persons
        )
        self.draws, self.seed, self.somebody = draws, seed, self._persons[0]
        sizes = [len(persons) for persons in people]
        self._ends = np.cumsum([0, *sizes])
        self._answers = _answers(self._persons, [code for player in players for code in player.items])
        self._apart = _apart(spec, sizes)
        self.by_groups = draws > 0 and all(p.jackknife for persons in people for p in persons)
        self._shares = tuple(
            _shares(persons, draws, self.by_groups, seed, country)
            for persons, country in zip(people, self.countries, strict=True)
        )
        self.groups = cache(lambda coalition: len(self._told_apart(coalition)[0]))

    def cast(self, coalition: int, builder: PersonaBuilder) -> Cast:
        """The personas that carry a coalition's items, and nothing else of their profiles."""
        inside = [player for i, player in enumerate(self._players) if coalition >> i & 1]
        items = [code for player in inside for code in player.items]
        first, of_person = self._told_apart(coalition)
        built = [builder.build(self._persons[person].only(items)) for person in first]
        by_text = {persona.text: persona for personas in built for persona in personas}
        row = {text: t for t, text in enumerate(by_text)}
        texts = np.array([[row[persona.text] for persona in personas] for personas in built])
        return self._weighted(tuple(by_text.values()), texts[of_person])

    def cast_without(self, samples: Sequence[PopulationSample], builder: PersonaBuilder) -> Cast:
        """The personas of a kind that tells of nobody's values; they are no sample, and never drawn anew."""
        built = [(c, persona) for c, sample in enumerate(samples) for persona in builder.build(sample)]
        by_text = {persona.text: persona for _, persona in built}
        row = {text: t for t, text in enumerate(by_text)}
        shares = []
        for c, whole in enumerate(self._shares):
            weights = np.zeros(len(row))
            for of, persona in built:
                weights[row[persona.text]] += persona.weight if of == c else 0.0
            own = np.flatnonzero(weights)
            shares.append(Shares(own, weights[own], np.tile(weights[own], (len(whole) - 1, 1))))
        return Cast(tuple(by_text.values()), tuple(shares))

    def _told_apart(self, coalition: int) -> tuple[Integers, Integers]:
        """The first of each group of persons who tell the same, and each person's group."""
        width = [len(player.items) for player in self._players]
        told = np.repeat([bool(coalition >> i & 1) for i in range(len(width))], width)
        rows = np.column_stack([self._apart, self._answers[:, told]])
        _, first, group = np.unique(rows, axis=0, return_index=True, return_inverse=True)
        return first, group.ravel()  # NumPy 2.0 gave it a second axis

    def _weighted(self, personas: tuple[Persona, ...], texts: Integers) -> Cast:
        """Sum persons' shares by text; ``texts`` has shape (persons, texts a person)."""
        parts = []
        for c, shares in enumerate(self._shares):
            of_country = texts[self._ends[c] : self._ends[c + 1]]
            own, place = np.unique(of_country, return_inverse=True)
            carries = np.zeros((len(of_country), len(own)))
            for column in place.reshape(of_country.shape).T:
                carries[np.arange(len(of_country)), column] += 1.0 / texts.shape[1]
            carried = shares @ carries
            parts.append(Shares(own, carried[0], carried[1:]))
        return Cast(personas, tuple(parts))


def _answers(persons: Iterable[PopulationSample], codes: Sequence[str]) -> Array:
    """Shape (persons, items); +∞ where a person gave no answer, so that two such are told to be the same."""
    told = (person.profiles[0].as_dict() for person in persons)
    return np.array([[answers.get(code, np.inf) for code in codes] for answers in told])


def _apart(spec: PersonaKindSpec, sizes: Sequence[int]) -> Array:
    """What keeps texts of equal values apart, shape (persons,): nothing, the country, or the person."""
    if spec.of_individuals:
        return np.arange(sum(sizes), dtype=np.float64)
    if spec.names_country:
        return np.repeat(np.arange(len(sizes), dtype=np.float64), sizes)
    return np.zeros(sum(sizes))


def _shares(persons: Sequence[Person], draws: int, by_groups: bool, seed: int, country: str) -> Array:
    """Shape (1 + R, persons), rows summing to 1: as drawn first, then drawn anew or with groups left out."""
    weights = np.array([person.weight for person in persons])
    if by_groups:
        others = np.array([person.jackknife for person in persons]).T
    else:
        others = redraw_people(len(weights), draws, seed, country) * weights
    shares = np.vstack([weights, others])
    return np.asarray(shares / shares.sum(axis=1, keepdims=True))
