"""The names of persona kinds: parts joined by ``+``, so that each part can be taken away on its own."""

import difflib
from dataclasses import dataclass

from value_personas.programs.descriptor_writer import Variant
from value_personas.programs.elicitation import Elicitation
from value_personas.programs.personas.demographic import DemographicPart
from value_personas.programs.personas.forecast import ForecastPart
from value_personas.programs.personas.neutral import CountryPart, NothingPart
from value_personas.programs.personas.part import Part, Population
from value_personas.programs.personas.personality import PersonalityPart
from value_personas.programs.personas.values import ValuesPart
from value_personas.signatures import RecipeError, Registry

PARTS: Registry[type[Part]] = Registry(
    "value_personas.personas",
    type,
    {
        "none": NothingPart,
        "country": CountryPart,
        "forecast": ForecastPart,
        "demographic": DemographicPart,
        "personality": PersonalityPart,
        **dict.fromkeys(("values", "shuffled", "marginal", "mean-profile"), ValuesPart),
    },
    Part,
)
"""Word → the part that it begins to name, in the order in which they are stated, values always last."""


@dataclass(frozen=True, slots=True)
class PersonaKindSpec:
    """What a kind of persona carries.

    Attributes:
        name: as it was written.
        parts: in the order in which they are stated.
    """

    name: str
    parts: tuple[Part, ...]

    @property
    def variant(self) -> Variant | None:
        """Which descriptors it needs."""
        return next((part.variant for part in self.parts if part.variant), None)

    @property
    def population(self) -> Population:
        """Whose profiles it states."""
        populations: list[Population] = [part.population for part in self.parts if part.population != "own"]
        return populations[0] if populations else "own"

    @property
    def states_values(self) -> bool:
        """Whether it states items of the profile."""
        return any(part.states_values for part in self.parts)

    @property
    def names_country(self) -> bool:
        """Whether it names the country."""
        return any(part.names_country for part in self.parts)

    @property
    def forecasts(self) -> bool:
        """Whether it asks for a whole population's answers, and plays nobody."""
        return any(part.forecasts for part in self.parts)

    def elicited(self, elicitation: Elicitation) -> Elicitation:
        """How its answers are got, of how those of personas are."""
        for part in self.parts:
            elicitation = part.elicited(elicitation)
        return elicitation

    @property
    def of_individuals(self) -> bool:
        """Whether it needs more of a respondent than the value profile."""
        return any(part.of_individuals for part in self.parts)

    @property
    def what(self) -> str:
        """What it is, in the few words that a reader of a methods section needs."""
        if len(self.parts) == 1:
            return self.parts[0].what_alone
        # A remark on the rest of the text follows it.
        return ", ".join(part.what for part in sorted(self.parts, key=lambda part: part.names_country))


def known_kinds() -> tuple[str, ...]:
    """The kinds that are usually compared; any other combination of parts may be named too."""
    return tuple(kind for part in dict.fromkeys(PARTS.values()) for kind in part.usual)


def parse_kind(name: str) -> PersonaKindSpec:
    """Read the name of a kind.

    ``values``, ``shuffled``, ``marginal`` and ``mean-profile`` take ``-hedged`` (the default), ``-unhedged``
    (or ``-no-hedge``) or ``-verbatim``; ``demographic`` takes ``-religion`` and ``-portrait``,
    ``forecast`` takes ``-stated`` (the default) or ``-sampled``.

    Raises:
        RecipeError: for a name that means nothing, with the nearest one that does.
    """
    words = name.split("+")
    read = [pair for word in words if (pair := _read(word))]
    # Country, then who, then values: what changes most between personas comes last.
    read.sort(key=lambda pair: (pair[1].states_values, pair[0]))
    parts = tuple(part for _, part in read)
    distinct = len({type(part) for part in parts}) == len(words)
    if not distinct or (len(words) > 1 and not all(part.joins for part in parts)):
        raise RecipeError(_unknown(name))
    kind = PersonaKindSpec(name, parts)
    if kind.forecasts and not all(part.forecasts or part.names_country for part in parts):
        raise RecipeError(
            f"persona kind {name!r}: a forecast is of a whole population; only country may stand beside it"
        )
    if kind.population in ("marginal", "mean") and kind.of_individuals:
        raise RecipeError(
            f"persona kind {name!r}: {kind.population} profiles belong to nobody with such facts"
        )
    return kind


def _read(word: str) -> tuple[int, Part] | None:
    """The part that a word means, after its place in ``PARTS``; None where it means nothing."""
    found = []
    for place, name in enumerate(PARTS):
        rest = word.removeprefix(f"{name}-")
        if word == name or rest not in ("", word):
            part = PARTS[name].read(name, "" if word == name else rest)
            found += [(place, part)] if part else []
    if len(found) > 1:
        both = " and ".join(type(part).__qualname__ for _, part in found)
        raise RecipeError(f"persona kind {word!r}: {both} both read it; uninstall one of them")
    return found[0] if found else None


def _unknown(name: str) -> str:
    kinds = known_kinds()
    close = difflib.get_close_matches(name, kinds, n=1, cutoff=0.5)
    near = f"did you mean {close[0]}? There" if close else "there"
    return f"unknown persona kind {name!r}; {near} are {', '.join(kinds)}, and parts joined by +"
