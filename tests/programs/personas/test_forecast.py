"""Forecasts: what they ask, of whom, and by which prompt."""

import pytest

from value_personas.programs.elicitation import (
    Elicitation,
    FirstTokenLogprobs,
    SampledAnswers,
    VerbalisedDistribution,
)
from value_personas.programs.personas import PersonaSources, PopulationSample, parse_kind, persona_builder
from value_personas.signatures import ForecastAnswer, ForecastShares, RecipeError

QASMIRA = PopulationSample("XNG", "Qasmira", (), ())
NOTHING = PersonaSources((), {}, {})


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        ("forecast", "the adult population of a country, which is not named"),
        ("forecast+country", "the adult population of Qasmira"),
        ("country+forecast-sampled", "the adult population of Qasmira"),
    ],
)
def test_it_asks_of_a_population_and_needs_neither_profiles_nor_items(kind: str, text: str) -> None:
    (asked,) = persona_builder(kind, NOTHING).build(QASMIRA)
    assert (asked.text, asked.weight, asked.country, asked.kind) == (text, 1.0, "XNG", kind)
    assert asked.profile is None
    assert parse_kind(kind).variant is None


@pytest.mark.parametrize("way", [FirstTokenLogprobs(), SampledAnswers(7), VerbalisedDistribution(900)])
def test_shares_are_stated_or_a_drawn_person_s_answer_is_got_as_others_are(way: Elicitation) -> None:
    stated = parse_kind("forecast").elicited(way)
    assert isinstance(stated, VerbalisedDistribution)
    assert stated.signature is ForecastShares
    assert stated.max_tokens == (900 if way.name == "verbalised" else 400)
    drawn = parse_kind("forecast-sampled").elicited(way)
    assert drawn.signature is ForecastAnswer
    assert drawn.name == ("sampled" if way.name == "verbalised" else way.name)
    assert parse_kind("values-hedged+country").elicited(way) is way


@pytest.mark.parametrize("kind", ["forecast+values-hedged", "forecast+demographic", "none+forecast"])
def test_nothing_but_the_country_stands_beside_a_forecast(kind: str) -> None:
    with pytest.raises(RecipeError, match=r"whole population|unknown persona kind"):
        parse_kind(kind)
