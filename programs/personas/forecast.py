"""Forecasts: no persona, but the question what share of a population gives each answer."""

from dataclasses import dataclass, replace

from value_personas.programs.elicitation import (
    Elicitation,
    FirstTokenLogprobs,
    SampledAnswers,
    VerbalisedDistribution,
)
from value_personas.programs.personas.base import PopulationSample
from value_personas.programs.personas.part import Part
from value_personas.signatures import ForecastAnswer, ForecastShares, Persona


@dataclass(frozen=True, slots=True)
class ForecastPart(Part):
    """Asks for a whole population's answers; nothing but the country may be told beside it.

    Attributes:
        stated: whether the shares are stated; else the answer of a person drawn at random is predicted, by
            log-probabilities or draws as the recipe has answers elicited.
    """

    stated: bool = True

    label = "forecast"
    usual = ("forecast", "forecast+country")
    forecasts = True

    @classmethod
    def read(cls, name: str, rest: str) -> "ForecastPart | None":
        """``-stated`` (the default) or ``-sampled``."""
        return cls(rest != "sampled") if rest in ("", "stated", "sampled") else None

    @property
    def what(self) -> str:
        """In few words."""
        how = (
            "as shares that the model states" if self.stated else "as the answer of somebody drawn at random"
        )
        return f"no persona: a forecast of the population’s answers, {how}"

    def elicited(self, elicitation: Elicitation) -> Elicitation:
        """The shares as a stated distribution, or the drawn person's answer as other answers are got."""
        if self.stated:
            usual = VerbalisedDistribution(signature=ForecastShares)
            longest = getattr(elicitation, "max_tokens", 0)  # what a model that thinks was given
            return replace(usual, max_tokens=max(usual.max_tokens, longest))
        if isinstance(elicitation, FirstTokenLogprobs | SampledAnswers):
            return replace(elicitation, signature=ForecastAnswer)
        return SampledAnswers(signature=ForecastAnswer)


@dataclass(frozen=True, slots=True)
class Forecast:
    """One text a country, which names whose answers are forecast.

    Attributes:
        kind: its name.
        names_country: whether the country is named.
    """

    kind: str
    names_country: bool

    def build(self, sample: PopulationSample) -> tuple[Persona, ...]:
        """One text of weight 1; without the country the same for all."""
        named = f"the adult population of {sample.name}"
        return (Persona(self.kind, named if self.names_country else _SOMEWHERE, 1.0, sample.country),)


_SOMEWHERE = "the adult population of a country, which is not named"
