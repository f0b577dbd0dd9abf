"""What a recipe may say of personas, of what they are compared with, and of their audit."""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, model_validator

from value_personas.experiments.comparators import ComparatorName
from value_personas.experiments.recipe.paths import NamesFile
from value_personas.experiments.recipe.section import Section
from value_personas.programs.engines import EngineSettings
from value_personas.programs.personas import DEMOGRAPHIC_FACTS, ItemOrder, parse_kind
from value_personas.signatures import RecipeError

Count = Annotated[int, Field(ge=1)]


def known_kind(name: str) -> str:
    """The name of a persona kind, as it is.

    Raises:
        ValueError: when there is no such kind, as validators raise it.
    """
    try:
        parse_kind(name)
    except RecipeError as error:
        raise ValueError(str(error)) from None
    return name


PersonaKind = Annotated[str, AfterValidator(known_kind)]
"""A name that ``programs.personas.parse_kind`` understands."""


class PersonaTextSection(Section):
    """How personas of values and of sociodemographics are put into words.

    Attributes:
        order: of the value items: ``instrument``, ``reversed``, ``shuffled`` (anew for every text), ``both``
            (each person forward and reversed), or item codes in the order wanted.
        replicates: texts a person; with two or more, how far order and wording move answers is reported.
            When absent, two where order or wording is drawn, else one.
        demographics: the facts that sociodemographic personas state; all that the survey knows when absent.
    """

    order: ItemOrder = "instrument"
    replicates: Count | None = None
    demographics: tuple[str, ...] | None = None

    @model_validator(mode="after")
    def _known_facts(self) -> "PersonaTextSection":
        unknown = [name for name in self.demographics or () if name not in DEMOGRAPHIC_FACTS]
        if unknown:
            raise ValueError(f"unknown fact {unknown[0]!r}; expected some of {', '.join(DEMOGRAPHIC_FACTS)}")
        return self


class PersonalitySection(Section):
    """Where personality is read, when the survey itself did not measure it.

    Attributes:
        path: a survey of another wave with the ten-item inventory; each country's traits are drawn from its
            own respondents there, independently of everything else.
        codebook: its codebook; recognised from the columns when absent.
    """

    path: Annotated[str | tuple[str, ...], NamesFile()] | None = None
    codebook: str | None = None


class ComparatorSection(Section):
    """Predictions without a language model, in the same table.

    Attributes:
        names: which; none by default.
        neighbours: how many countries next on the cultural map are averaged.
        max_respondents: training respondents a regression is fitted on at most, drawn evenly from countries.
    """

    names: tuple[ComparatorName, ...] = ()
    neighbours: Count = 3
    max_respondents: Annotated[int, Field(ge=100)] = 20_000


class AuditSection(Section):
    """How descriptors are judged.

    Attributes:
        statements: what is judged: ``hedged``, ``unhedged`` and ``verbatim``.
        judge: the model that reads them; the respondent itself when absent.
        held_out_countries: the share of each zone's countries whose respondents the human side never sees.
    """

    statements: tuple[Literal["hedged", "unhedged", "verbatim"], ...] = ("hedged", "unhedged", "verbatim")
    judge: EngineSettings | None = None
    held_out_countries: Annotated[float, Field(gt=0.0, lt=1.0)] = 0.3

    @model_validator(mode="before")
    @classmethod
    def _something(cls, given: Any) -> Any:
        if isinstance(given, dict) and given.get("statements") == []:
            raise ValueError("name at least one of hedged, unhedged, verbatim")
        return given
