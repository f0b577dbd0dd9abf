"""The names of persona kinds: parts joined by ``+``, so that each part can be taken away on its own."""

import difflib
from dataclasses import dataclass, field
from typing import Literal

from value_personas.programs.descriptor_writer import Variant
from value_personas.programs.personas.demographic import DemographicForm
from value_personas.signatures import RecipeError

__all__ = ["KNOWN_KINDS", "PersonaKindSpec", "parse_kind"]

Statement = Literal["hedged", "unhedged", "verbatim"]
Population = Literal["own", "shuffled", "marginal", "mean"]

KNOWN_KINDS = (
    "none",
    "country",
    "values-hedged",
    "values-unhedged",
    "values-verbatim",
    "demographic",
    "demographic-religion",
    "demographic-portrait",
    "demographic-religion-portrait",
    "demographic+country",
    "personality",
    "values+country",
    "values+demographic",
    "shuffled",
    "marginal",
    "mean-profile",
)
"""The kinds that are usually compared; any other combination of parts may be named too."""

_STATEMENTS: dict[str, Statement] = {
    "hedged": "hedged",
    "unhedged": "unhedged",
    "no-hedge": "unhedged",
    "verbatim": "verbatim",
}
_POPULATIONS: dict[str, Population] = {
    "values": "own",
    "shuffled": "shuffled",
    "marginal": "marginal",
    "mean-profile": "mean",
}


@dataclass(frozen=True, slots=True)
class PersonaKindSpec:
    """What a kind of persona carries.

    Attributes:
        name: as it was written.
        country: whether the country is named.
        statement: how values are stated; None where they are not.
        population: whose profiles are stated.
        demographic: the form of sociodemographics; None where there are none.
        religion: whether the denomination is among them.
        personality: whether traits are stated.
        parts: the parts in the order in which they were written.
    """

    name: str
    country: bool = False
    statement: Statement | None = None
    population: Population = "own"
    demographic: DemographicForm | None = None
    religion: bool = False
    personality: bool = False
    parts: tuple[str, ...] = field(default=(), compare=False)

    @property
    def variant(self) -> Variant | None:
        """Which descriptors it needs."""
        return self.statement if self.statement in ("hedged", "unhedged") else None

    @property
    def of_individuals(self) -> bool:
        """Whether it needs more of a respondent than the value profile."""
        return self.demographic is not None or self.personality


def parse_kind(name: str) -> PersonaKindSpec:
    """Read the name of a kind.

    ``values``, ``shuffled``, ``marginal`` and ``mean-profile`` take ``-hedged`` (the default), ``-unhedged``
    (or ``-no-hedge``) or ``-verbatim``; ``demographic`` takes ``-religion`` and ``-portrait``.

    Raises:
        RecipeError: for a name that means nothing, with the nearest one that does.
    """
    if name == "none":
        return PersonaKindSpec(name, parts=("none",))
    found: dict[str, object] = {}
    parts = name.split("+")
    for part in parts:
        read = _read_part(part)
        if read is None or found.keys() & read.keys():
            raise RecipeError(_unknown(name))
        found |= read
    spec = PersonaKindSpec(name, parts=tuple(parts), **found)  # type: ignore[arg-type]
    if spec.population in ("marginal", "mean") and spec.of_individuals:
        raise RecipeError(
            f"persona kind {name!r}: {spec.population} profiles belong to nobody with such facts"
        )
    return spec


def _read_part(part: str) -> dict[str, object] | None:
    if part == "country":
        return {"country": True}
    if part == "personality":
        return {"personality": True}
    if part.startswith("demographic"):
        return _read_demographic(part.removeprefix("demographic"))
    for word, population in _POPULATIONS.items():
        if part == word or part.startswith(f"{word}-"):
            statement = _STATEMENTS.get(part[len(word) + 1 :] or "hedged")
            return {"statement": statement, "population": population} if statement else None
    return None


def _read_demographic(modifiers: str) -> dict[str, object] | None:
    words = modifiers.split("-")[1:] if modifiers.startswith("-") else []
    known = {"religion", "portrait", "interview"}
    if (modifiers and not words) or not set(words) <= known or len(set(words)) != len(words):
        return None
    if {"portrait", "interview"} <= set(words):
        return None
    form: DemographicForm = "portrait" if "portrait" in words else "interview"
    return {"demographic": form, "religion": "religion" in words}


def _unknown(name: str) -> str:
    close = difflib.get_close_matches(name, KNOWN_KINDS, n=1, cutoff=0.5)
    hint = f"; did you mean {close[0]}?" if close else ""
    return f"unknown persona kind {name!r}{hint} There are {', '.join(KNOWN_KINDS)}, and parts joined by +"
