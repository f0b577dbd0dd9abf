import asyncio
import math
from collections.abc import Sequence

import numpy as np
import pytest
from dspy.lm15 import Request

from tests.builders import TEN, persona, question
from tests.fake_engines import RuleEngine, letters
from value_personas.programs.elicitation import FirstTokenLogprobs, SampledAnswers, VerbalisedDistribution
from value_personas.programs.engines import InProcess
from value_personas.programs.engines.model import Model
from value_personas.programs.engines.replies import MemoryStore, Reply
from value_personas.programs.panel import Panel
from value_personas.programs.panel_result import REASONS
from value_personas.programs.respondent import AskingStyle, Respondent
from value_personas.signatures import BudgetError, MissingReason

PEOPLE = [persona(f"You are person {'I' * n}.", country) for n in range(1, 6) for country in ("XNA", "XNB")]
QUESTIONS = [question("Q1", text="Family?"), question("Q2", text="Work?"), question("Q3", TEN, "Divorce?")]


def asked(engine: RuleEngine, store: MemoryStore, concurrency: int = 4) -> Panel:
    model = Model("test/model", InProcess(engine), store)
    return Panel(model, Respondent(FirstTokenLogprobs(min_label_mass=0.1)), concurrency)


def test_rows_follow_the_personas_and_equal_texts_are_asked_once() -> None:
    engine = RuleEngine(letters)
    result = asked(engine, MemoryStore()).run(PEOPLE, QUESTIONS[:2])
    assert result.log_p.shape == (10, 2, 4)
    assert len(engine.requests) == 5 * 2
    np.testing.assert_array_equal(result.log_p[0], result.log_p[1])
    assert not np.array_equal(result.log_p[0], result.log_p[2])
    np.testing.assert_allclose(np.exp(result.log_p).sum(axis=2), 1.0, rtol=1e-12)


def test_concurrency_does_not_change_a_digit() -> None:
    one, many = (asked(RuleEngine(letters), MemoryStore(), c).run(PEOPLE, QUESTIONS[:2]) for c in (1, 32))
    np.testing.assert_array_equal(one.log_p, many.log_p)


def test_a_second_run_asks_only_what_is_new() -> None:
    engine, store = RuleEngine(letters), MemoryStore()
    first = asked(engine, store).run(PEOPLE, QUESTIONS[:1])
    asked(engine, store).run(PEOPLE, QUESTIONS[:2])
    assert len(engine.requests) == 5 + 5
    again = asked(engine, store).run(PEOPLE, QUESTIONS[:1])
    assert len(engine.requests) == 10
    np.testing.assert_array_equal(first.log_p, again.log_p)


def test_shorter_scales_are_padded_with_nan() -> None:
    result = asked(RuleEngine(letters), MemoryStore()).run(PEOPLE[:1], [QUESTIONS[2], QUESTIONS[0]])
    assert np.isnan(result.log_p[0, 1, 4:]).all()
    assert not np.isnan(result.log_p[0, 1, :4]).any()


def test_every_cell_is_an_answer_or_missing_with_a_reason() -> None:
    def moody(request: Request) -> tuple[str, dict[str, float] | None]:
        if "III" in request.messages[-1].text:
            return "I", {"I": 0.95, "A": 0.05}
        return letters(request)

    result = asked(RuleEngine(moody), MemoryStore()).run(PEOPLE, QUESTIONS[:2])
    missing = result.missing >= 0
    assert missing.sum() == 3 * 2 * 2
    assert np.isnan(result.log_p[missing]).all()
    assert not np.isnan(result.log_p[~missing]).any()
    assert result.missing_by_reason() == {"low_label_mass": 12}
    assert REASONS[result.missing[4, 0]] is MissingReason.LOW_LABEL_MASS


def test_progress_counts_every_cell_once() -> None:
    counted: list[int] = []
    panel = asked(RuleEngine(letters), MemoryStore())
    asyncio.run(panel.ask(PEOPLE, QUESTIONS[:2], counted.append))
    assert sum(counted) == len(PEOPLE) * 2


def test_order_effect_is_the_distance_between_the_two_forms() -> None:
    def first_option(request: Request) -> tuple[str, dict[str, float] | None]:
        return "A", {"A": 0.7, "B": 0.1, "C": 0.1, "D": 0.1}

    model = Model("test/model", InProcess(RuleEngine(first_option)), MemoryStore())
    result = Panel(model, Respondent(FirstTokenLogprobs(), AskingStyle("both"))).run(
        PEOPLE[:2], QUESTIONS[:1]
    )
    assert result.order_effect[0] == pytest.approx(0.6)
    np.testing.assert_allclose(np.exp(result.log_p[0, 0]), [0.4, 0.1, 0.1, 0.4], rtol=1e-12)


def test_wordings_are_averaged_and_their_spread_reported() -> None:
    def by_instruction(request: Request) -> tuple[str, dict[str, float] | None]:
        first = 0.8 if request.system == "Answer." else 0.4
        return "A", {"A": first, "B": 1 - first}

    engine = RuleEngine(by_instruction)
    style = AskingStyle("both", wordings=("Answer.", "Reply as this person."))
    model = Model("test/model", InProcess(engine), MemoryStore())
    result = Panel(model, Respondent(FirstTokenLogprobs(), style)).run(PEOPLE[:1], QUESTIONS[:1])
    assert {r.system for r in engine.requests} == {"Answer.", "Reply as this person."}
    assert len(engine.requests) == 2 * 2
    np.testing.assert_allclose(np.exp(result.log_p[0, 0]), [0.3, 0.2, 0.2, 0.3], rtol=1e-12)
    assert result.wording_spread[0] == pytest.approx(0.2)
    assert result.order_effect[0] == pytest.approx((1.0 + 1.0) / 2)


def test_dont_know_is_a_mass_of_its_own() -> None:
    def unsure(request: Request) -> tuple[str, dict[str, float] | None]:
        assert "E. don't know" in request.messages[-1].text
        return "E", {"E": 0.5, "A": 0.3, "B": 0.1, "The": 0.1}

    model = Model("test/model", InProcess(RuleEngine(unsure)), MemoryStore())
    style = AskingStyle(offers_dont_know=True)
    result = Panel(model, Respondent(FirstTokenLogprobs(), style)).run(PEOPLE[:1], QUESTIONS[:1])
    np.testing.assert_allclose(np.exp(result.log_p[0, 0]), [0.75, 0.25, 0, 0], rtol=1e-12)
    assert result.dont_know[0, 0] == pytest.approx(0.5 / 0.9)
    assert result.label_mass[0, 0] == pytest.approx(0.9)


def test_draws_that_are_no_answer_are_asked_again_once() -> None:
    def evasive(request: Request) -> tuple[str, None]:
        seed = request.config.seed or 0
        return ("I'm sorry, I cannot say" if seed % 4 == 0 else "B"), None

    engine = RuleEngine(evasive)
    model = Model("test/model", InProcess(engine), MemoryStore())
    result = Panel(model, Respondent(SampledAnswers(draws=6))).run(PEOPLE[:1], QUESTIONS[:1])
    assert [r.config.seed for r in engine.requests] == [0, 1, 2, 3, 4, 5, 6, 10]  # 0 and 4 again as 6 and 10
    assert result.label_mass[0, 0] == pytest.approx(1.0)
    assert math.isclose(np.exp(result.log_p[0, 0, 1]), 1.0)


def test_stated_numbers_that_were_scaled_are_reported_as_a_share() -> None:
    def stated(request: Request) -> tuple[str, None]:
        c, d = (0.2, 0.1) if "III" in request.messages[-1].text else (0.2, 0.15)
        return f'[[ ## probabilities ## ]]\n{{"A": 0.4, "B": 0.3, "C": {c}, "D": {d}}}', None

    model = Model("test/model", InProcess(RuleEngine(stated)), MemoryStore())
    result = Panel(model, Respondent(VerbalisedDistribution())).run(PEOPLE[::2], QUESTIONS[:1])
    assert not result.missing_by_reason()
    assert result.normalised is not None
    assert result.normalised[0] == pytest.approx(2 / 5)


@pytest.mark.parametrize("slowest", range(4))
def test_a_budget_that_ends_buys_the_same_answers_whichever_comes_first(slowest: int) -> None:
    class Slow(Model):
        """Answers four requests, one of them late, and refuses all others."""

        is_free = False

        async def replies(self, requests: Sequence[Request], absent: Sequence[bytes] = ()) -> list[Reply]:
            begun.append(requests[0].messages[-1].text)
            if len(begun) > 4:
                raise BudgetError("the budget is reached")
            await asyncio.sleep(0.02 if len(begun) == slowest + 1 else 0.001)
            return await super().replies(requests)

    begun: list[str] = []
    store = MemoryStore()
    model = Slow("test/model", InProcess(RuleEngine(letters)), store)
    panel = Panel(model, Respondent(FirstTokenLogprobs(min_label_mass=0.1)), concurrency=3)
    with pytest.raises(BudgetError, match="the budget is reached"):
        panel.run(PEOPLE, QUESTIONS[:2])
    in_order = [panel.first_request(p, q).messages[-1].text for p in PEOPLE[::2] for q in QUESTIONS[:2]]
    assert begun[:4] == in_order[:4]
    assert len(store.replies) == 4


def test_an_empty_panel_is_an_empty_result() -> None:
    result = asked(RuleEngine(letters), MemoryStore()).run([], QUESTIONS[:1])
    assert result.log_p.shape == (0, 1, 4)
