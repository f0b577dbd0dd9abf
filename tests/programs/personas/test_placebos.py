"""What placebos take away, on respondents whose law is known exactly."""

import asyncio
import re

import numpy as np
import pytest
from dspy.lm15 import Request

from tests.builders import question
from tests.fake_engines import RuleEngine
from value_personas.programs.descriptor_writer import Descriptor, DescriptorTable
from value_personas.programs.elicitation import FirstTokenLogprobs
from value_personas.programs.engines import InProcess
from value_personas.programs.engines.model import Model
from value_personas.programs.panel import Panel
from value_personas.programs.personas import Person, PersonaSources, PopulationSample, persona_builder
from value_personas.programs.population import PopulationEstimate, estimate_populations
from value_personas.programs.respondent import Respondent
from value_personas.signatures import Profile, Scale, ValueItem

WORDS = ("low", "middle", "high")
ITEMS = tuple(ValueItem(code, f"About {code}", Scale(WORDS, (0.0, 1.0, 2.0))) for code in ("F063", "A165"))
TABLE = DescriptorTable(
    tuple(
        Descriptor(item.code, score, "hedged", f"{item.code} is {word}.", "m")
        for item in ITEMS
        for score, word in zip(item.scale.scores, WORDS, strict=True)
    )
)
ASKED = question(scale=Scale(("no", "yes"), (0.0, 1.0)))


def positions(request: Request) -> list[float]:
    """What the persona states, item by item, in [0, 1]."""
    return [
        WORDS.index(word) / 2 for word in re.findall(r"is (low|middle|high)\.", request.messages[-1].text)
    ]


def linear(request: Request) -> tuple[str, dict[str, float]]:
    yes = 0.1 + 0.8 * float(np.mean(positions(request)))
    return "A", {"A": 1 - yes, "B": yes}


def interacting(request: Request) -> tuple[str, dict[str, float]]:
    yes = 0.1 + 0.8 * float(np.prod(positions(request)))
    return "A", {"A": 1 - yes, "B": yes}


def sample() -> PopulationSample:
    """Both items alike in everybody, and a country mean of exactly "middle" on each."""
    profiles = [Profile(("F063", "A165"), (score, score)) for score in (0.0, 1.0, 2.0)]
    people = tuple(Person(profiles[i % 3], 1 / 60) for i in range(60))
    return PopulationSample("XNA", "Northland", tuple(profiles), (1 / 3,) * 3, people)


def predicted(kind: str, rule: object) -> PopulationEstimate:
    sources = PersonaSources(ITEMS, {"hedged": TABLE}, {"XNA": sample()})
    personas = persona_builder(kind, sources).build(sample())
    panel = Panel(Model("m", InProcess(RuleEngine(rule))), Respondent(FirstTokenLogprobs()))  # type: ignore[arg-type]
    result = asyncio.run(panel.ask(personas, [ASKED]))
    return estimate_populations(personas, [ASKED], result.log_p)


def share_of_yes(estimate: PopulationEstimate) -> float:
    return float(estimate.probabilities[0, 0, 1])


def test_the_mean_profile_loses_the_spread_and_nothing_of_the_mean_of_a_linear_respondent() -> None:
    whole, mean = predicted("values-hedged", linear), predicted("mean-profile", linear)
    assert share_of_yes(mean) == pytest.approx(share_of_yes(whole), abs=1e-9)
    assert whole.variance_between[0, 0] == pytest.approx(0.8**2 / 6)
    assert mean.variance_between[0, 0] == 0.0


def test_marginal_keeps_the_mean_of_a_linear_respondent_and_half_of_the_spread() -> None:
    whole, marginal = predicted("values-hedged", linear), predicted("marginal", linear)
    assert share_of_yes(marginal) == pytest.approx(share_of_yes(whole), abs=1e-9)
    # Two items that always agree have twice the variance of two that are independent.
    assert marginal.variance_between[0, 0] == pytest.approx(0.8**2 / 12, rel=0.3)


def test_marginal_loses_what_depends_on_the_interaction() -> None:
    whole, marginal = predicted("values-hedged", interacting), predicted("marginal", interacting)
    assert share_of_yes(whole) == pytest.approx(0.1 + 0.8 * (0 + 0.25 + 1) / 3, abs=1e-9)
    assert share_of_yes(marginal) == pytest.approx(0.1 + 0.8 * 0.25, abs=0.05)  # E[x]·E[y]
    assert share_of_yes(marginal) < share_of_yes(whole) - 0.05
