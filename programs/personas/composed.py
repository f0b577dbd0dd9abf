"""Personas put together from parts: where someone lives, who someone is, what someone values."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from value_personas.programs.personas.arrangement import Arrangement
from value_personas.programs.personas.base import Person, PopulationSample, summed
from value_personas.programs.personas.part import Part, PersonaSources
from value_personas.signatures import Persona, RecipeError


@dataclass(frozen=True, slots=True)
class ComposedPersonas:
    """One text for each person, its parts one after the other.

    Persons of whom the same is known share one persona with the sum of their weights.

    Attributes:
        kind: its name.
        parts: in the order in which they are stated.
        sources: what they are stated from.
        arrangement: order and wordings of the value items.
    """

    kind: str
    parts: tuple[Part, ...]
    sources: PersonaSources
    arrangement: Arrangement

    def build(self, sample: PopulationSample) -> tuple[Persona, ...]:
        """The personas of one country; texts of one person stand beside each other."""
        if not any(part.of_individuals for part in self.parts):
            return tuple(self._texts(sample.holders(), sample))
        if not sample.people:
            raise RecipeError(
                f"personas {self.kind}: no facts are known of the draws of {sample.country}; "
                "choose another profiles.design than marginal"
            )
        return _merged(self._texts(sample.individuals(), sample), self._replicates)

    @property
    def _replicates(self) -> int:
        return self.arrangement.texts_a_person if any(part.states_values for part in self.parts) else 1

    def _texts(self, people: Sequence[Person], sample: PopulationSample) -> Iterable[Persona]:
        for person in people:
            for replicate in range(self._replicates):
                yield self._persona(person, sample, replicate)

    def _persona(self, person: Person, sample: PopulationSample, replicate: int) -> Persona:
        arranged = self.arrangement.of(person.profile, replicate)
        lines = [line for part in self.parts for line in part.lines(person, sample, arranged, self.sources)]
        stated = any(part.states_values for part in self.parts)
        return Persona(
            kind=self.kind,
            text="\n".join(lines) or "You are a person.",
            weight=person.weight / self._replicates,
            country=sample.country,
            profile=person.profile if stated else None,
            order=tuple(person.profile.items[i] for i in arranged.order) if stated else (),
            wordings=tuple(arranged.wordings[i] for i in arranged.order) if stated else (),
            replicate=replicate,
            draws=person.draws,
            jackknife=self._shared_out(person.jackknife),
        )

    def _shared_out(self, weights: tuple[float, ...]) -> tuple[float, ...]:
        """Each of a person's texts has its part of the weights; a person's only text has them as they are."""
        return weights if self._replicates == 1 else tuple(weight / self._replicates for weight in weights)


def _merged(personas: Iterable[Persona], replicates: int) -> tuple[Persona, ...]:
    """Equal texts become one persona, in the order in which they first appear.

    A person's several texts are merged together or not at all, so that they stay beside each other.
    """
    every = list(personas)
    people = [tuple(every[i : i + replicates]) for i in range(0, len(every), replicates)]
    alike: dict[tuple[str, ...], list[tuple[Persona, ...]]] = defaultdict(list)
    for texts in people:
        alike[tuple(persona.text for persona in texts)].append(texts)
    return tuple(
        replace(
            persona,
            weight=sum(texts[0].weight for texts in same),
            draws=tuple(place for texts in same for place in texts[0].draws),
            jackknife=summed([texts[0].jackknife for texts in same]),
        )
        for same in alike.values()
        for persona in same[0]
    )
