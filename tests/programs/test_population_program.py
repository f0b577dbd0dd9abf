"""The whole method as one program: its predictions, its trace, and what a candidate costs."""

import asyncio
from collections.abc import Callable
from typing import Any

import dspy
import numpy as np
import pytest

from value_personas.data import load_instrument
from value_personas.programs.calibration import tilt
from value_personas.programs.descriptor_writer import DescriptorWriter
from value_personas.programs.elicitation import FirstTokenLogprobs
from value_personas.programs.engines import EngineSettings, connect
from value_personas.programs.engines.model import Model
from value_personas.programs.panel import Panel
from value_personas.programs.panel_result import PanelResult
from value_personas.programs.personas import Arrangement, PersonaSources, PopulationSample, persona_builder
from value_personas.programs.population import PopulationEstimate, estimate_populations
from value_personas.programs.population_program import PopulationProgram, Surroundings
from value_personas.programs.respondent import Respondent
from value_personas.signatures import Profile, Question, Scale

ITEMS = load_instrument("inglehart-welzel").items
QUESTION = Question(
    "Q1",
    "How important is family in your life?",
    Scale(("very", "rather", "not very", "not at all"), (1, 2, 3, 4)),
)


def sample(country: str) -> PopulationSample:
    codes = tuple(item.code for item in ITEMS)
    ends = [tuple(item.scale.scores[end] for item in ITEMS) for end in (0, -1)]
    return PopulationSample(country, country, tuple(Profile(codes, e) for e in ends), (0.7, 0.3))


def program(**changes: Any) -> PopulationProgram:
    model: Model = connect(EngineSettings(lm="synthetic/respondent"))
    settings: dict[str, Any] = {
        "writer": model,
        "respondent": model,
        "samples": {"XNA": sample("XNA")},
        "items": ITEMS,
        "questions": {"Q1": QUESTION},
        "kind": "values-hedged",
        "arrangement": Arrangement(),
    }
    tunes = changes.pop("tunes_respondent", False)
    around = Surroundings(**(settings | changes))
    return PopulationProgram(DescriptorWriter("hedged"), Respondent(FirstTokenLogprobs()), around, tunes)


def tilted(temperature: float) -> Callable[[PanelResult], PopulationEstimate]:
    def average(answers: PanelResult) -> PopulationEstimate:
        log_p = tilt(answers.log_p, QUESTION.scale.values, temperature, log=True)
        return estimate_populations(answers.personas, answers.questions, log_p)

    return average


@pytest.mark.parametrize("temperature", [None, 2.5])
def test_it_predicts_what_the_parts_predict_by_themselves(temperature: float | None) -> None:
    asked = program(**({} if temperature is None else {"average": tilted(temperature)}))
    found = asked(country="XNA", question="Q1")

    async def by_hand() -> np.ndarray:
        model = connect(EngineSettings(lm="synthetic/respondent"))
        table = await DescriptorWriter("hedged").write_all(model, ITEMS)
        sources = PersonaSources(ITEMS, {"hedged": table}, {"XNA": sample("XNA")})
        personas = persona_builder("values-hedged", sources).build(sample("XNA"))
        answers = await Panel(model, Respondent(FirstTokenLogprobs())).ask(personas, (QUESTION,))
        p = np.exp(answers.log_p[:, 0])
        if temperature is not None:
            p = tilt(p, QUESTION.scale.values, temperature)
        return np.array([0.7, 0.3]) @ p

    np.testing.assert_allclose(found.distribution, asyncio.run(by_hand()), rtol=0, atol=1e-12)
    assert found.missing_share == 0.0


def test_names_of_predictors_are_stable_and_the_respondent_is_frozen_unless_it_is_tuned() -> None:
    assert [name for name, _ in program().named_predictors()] == ["writer.write"]
    both = [name for name, _ in program(tunes_respondent=True).named_predictors()]
    assert both == ["writer.write", "respondent.answer"]


def test_a_candidate_pays_for_what_it_changes() -> None:
    first = program(tunes_respondent=True)
    usage = first.surroundings.writer.usage
    first(country="XNA", question="Q1")
    assert usage.calls == 54 + 2
    again = first.deepcopy()
    again(country="XNA", question="Q1")
    assert usage.calls == 56
    other = first.deepcopy()  # only the respondent's prompt changes: no descriptor is written anew
    answer = other.respondent.answer
    answer.signature = answer.signature.with_instructions("Answer as the person described.")
    other(country="XNA", question="Q1")
    assert usage.calls == 58


def test_a_rollout_draws_the_descriptors_anew() -> None:
    plain = program()
    drawn = plain.deepcopy()
    drawn.set_lm(plain.surroundings.writer.lm.copy(rollout_id=3, temperature=1.0))
    drawn(country="XNA", question="Q1")
    assert drawn.descriptors(3).descriptors != plain.descriptors().descriptors


def test_the_trace_is_what_predict_would_have_left() -> None:
    asked = program(tunes_respondent=True)
    with dspy.context(trace=[]):
        asked(country="XNA", question="Q1")
        *written, (predictor, inputs, said) = dspy.settings.trace
    assert [step[0] for step in written] == [asked.writer.write] * 6
    assert all(set(step[1]) == set(asked.writer.write.signature.input_fields) for step in written)
    # The heaviest answers first: those of the profile that stands for 0.7 of the population.
    texts = {(d.item, d.score): d.text for d in asked.descriptors().descriptors}
    assert written[0][2].descriptor == texts[ITEMS[0].code, ITEMS[0].scale.scores[0]]
    assert predictor is asked.respondent.answer
    assert inputs["question"] == QUESTION.text
    assert said.answer in "ABCD"


@pytest.mark.parametrize("instruction", ["", "Describe {answer}.", "x" * 50_000, "[[ ## mood ## ]]"])
def test_a_prompt_that_breaks_a_rule_is_rejected_without_a_call(instruction: str) -> None:
    asked = program()
    write = asked.writer.write
    write.signature = write.signature.with_instructions(instruction)
    found = asked(country="XNA", question="Q1")
    assert found.distribution is None
    assert found.rejected.startswith("writer.write: its instruction")
    assert asked.surroundings.writer.usage.calls == 0
