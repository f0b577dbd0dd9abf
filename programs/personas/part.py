"""What a word in the name of a persona kind stands for, and from what personas are built."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Literal

from value_personas.programs.descriptor_writer import DescriptorTable, Variant
from value_personas.programs.elicitation import Elicitation
from value_personas.programs.personas.arrangement import AS_IN_THE_INSTRUMENT, Arranged, Arrangement
from value_personas.programs.personas.base import Person, PersonaBuilder, PopulationSample
from value_personas.signatures import ValueItem

Population = Literal["own", "shuffled", "marginal", "mean"]


@dataclass(frozen=True)
class PersonaSources:
    """Everything from which personas of any kind are built.

    Attributes:
        items: the items of the profiles.
        descriptors: the texts of each variant that is needed.
        samples: country → its sample.
        arrangement: order and wordings of the items.
        address: as the descriptors were written.
        demographics: the facts that sociodemographic personas state; all when None.
    """

    items: tuple[ValueItem, ...]
    descriptors: Mapping[Variant, DescriptorTable]
    samples: Mapping[str, PopulationSample]
    arrangement: Arrangement = AS_IN_THE_INSTRUMENT
    address: Literal["you", "I"] = "you"
    demographics: Collection[str] | None = None

    @cached_property
    def by_code(self) -> Mapping[str, ValueItem]:
        """Code → item."""
        return {item.code: item for item in self.items}


class Part:
    """One part of a persona's text: how a kind names it, what it needs of a respondent, what it tells.

    This class is everything that is asked about a part: whose facts are drawn, which questions would leak,
    what the report calls it. One that names nothing, needs nothing and tells nothing is the beginning of a
    new one: derive from it and list the class in ``kinds.PARTS``; outside this package, list it as an entry
    point of the group ``value_personas.personas``. The name there is the word that kinds are named by.

    Attributes:
        label: what sentences call personas that carry it.
        usual: the kinds with it that are usually compared.
        what: what it is, in the few words that a reader of a methods section needs.
        facts: sociodemographics that it may state; none of a respondent's that is not among them.
        of_traits: whether it needs personality.
        states_values: whether it states items of the profile.
        names_country: whether it names the country.
        joins: whether it may stand beside other parts.
        forecasts: whether a whole population's answers are asked for; beside it only a country may be named.
        variant: the descriptors that it needs.
        population: whose profiles it states.
    """

    label: ClassVar[str]
    usual: ClassVar[tuple[str, ...]] = ()
    of_traits: ClassVar[bool] = False
    states_values: ClassVar[bool] = False
    names_country: ClassVar[bool] = False
    joins: ClassVar[bool] = True
    forecasts: ClassVar[bool] = False

    @classmethod
    def read(cls, name: str, rest: str) -> "Part | None":
        """The part that a word means.

        Args:
            name: under which the part is listed.
            rest: what follows it and a hyphen; empty where nothing does.

        Returns:
            None where the word means nothing.
        """
        return None if rest else cls()

    @property
    def what(self) -> str:
        """What it is."""
        raise NotImplementedError

    @property
    def what_alone(self) -> str:
        """What a kind of this part alone is."""
        return self.what

    @property
    def facts(self) -> tuple[str, ...]:
        """Which sociodemographics it may state."""
        return ()

    @property
    def variant(self) -> Variant | None:
        """Which descriptors it needs."""
        return None

    @property
    def population(self) -> Population:
        """Whose profiles it states."""
        return "own"

    @property
    def of_individuals(self) -> bool:
        """Whether it needs the individual draw; else the value profile is enough."""
        return bool(self.facts) or self.of_traits

    def told(self, wanted: Collection[str] | None) -> tuple[str, ...]:
        """The facts that it states where they are known.

        Args:
            wanted: what ``persona_text.demographics`` says, which is meant for sociodemographic personas.
        """
        return self.facts

    def elicited(self, elicitation: Elicitation) -> Elicitation:
        """How answers are got where it is told, of how they are got elsewhere."""
        return elicitation

    def lines(
        self, person: Person, sample: PopulationSample, arranged: Arranged, sources: PersonaSources
    ) -> Sequence[str]:
        """Its lines for one person; empty where nothing is known."""
        raise NotImplementedError

    def alone(self, kind: str) -> PersonaBuilder | None:
        """What builds a kind of this part alone, where that is not its lines; None where it is."""
        return None

    def around(self, texts: PersonaBuilder, sources: PersonaSources) -> PersonaBuilder:
        """The builder of a kind that carries this part: that of its texts, unless the sample is changed."""
        return texts

    def require(self, countries: Collection[str], seed: int) -> None:
        """Refuse a survey whose countries do not do, before anything is asked.

        Raises:
            RecipeError: when they do not.
        """
