"""Each fault of the synthetic respondent, that it vanishes with its cause, and that nothing else is wrong."""

import math
from collections.abc import Sequence
from typing import Literal

import numpy as np
import pytest
from dspy.lm15 import Config
from hypothesis import given
from hypothesis import strategies as st

from tests.data.synthetic.truth import population_distribution
from tests.programs.engines.synthetic.prompts import (
    FAULTLESS,
    ITEMS,
    NO_FAULTS,
    QUESTIONS,
    SECULAR_TRUSTING,
    TRADITIONAL,
    ask,
    descriptor,
    persona,
    question_request,
    unit_mean,
)
from value_personas.data.synthetic import load_world
from value_personas.programs.calibration import tilt
from value_personas.programs.elicitation import FirstTokenLogprobs, forms_of, parse_reply
from value_personas.programs.engines.synthetic import SyntheticRespondent
from value_personas.programs.engines.synthetic.answering import answer_law
from value_personas.programs.engines.synthetic.lexicon import load_lexicon
from value_personas.programs.engines.synthetic.reading import read_description
from value_personas.programs.personas import Person, PersonaSources, PopulationSample, verbatim_answer
from value_personas.programs.personas.demographic import DemographicPart
from value_personas.signatures import MissingAnswer, MissingReason, Profile, Question


def faultless_but(**parameters: float) -> SyntheticRespondent:
    return SyntheticRespondent(**{**NO_FAULTS, **parameters})


# --- honesty: a perfect reader of perfect descriptions reproduces the population --------------------------


def test_without_faults_its_beliefs_are_the_true_laws() -> None:
    beliefs, laws = load_lexicon().beliefs, load_world().targets
    assert {code for code, belief in beliefs.items() if not belief.item} == set(laws)
    for code, law in laws.items():
        belief = beliefs[code]
        assert (belief.centre, belief.spread, belief.loadings) == (law.centre, law.spread, law.loadings)
        assert (belief.together, belief.beyond) == (law.together, law.beyond)


@pytest.mark.parametrize("country", ["XNA", "XND", "XNF", "XNH"])
def test_without_faults_whole_profiles_give_the_population_s_answers_question_by_question(
    country: str,
) -> None:
    world = load_world()
    rng = np.random.default_rng(5)
    people = world.people(world.countries[country], np.arange(12) % 2 == 0, rng)
    texts = [persona(FAULTLESS, [people.answers[code][i] for code in ITEMS]) for i in range(12)]
    for code, question in QUESTIONS.items():
        told = np.array([ask(FAULTLESS, text, question) for text in texts])
        np.testing.assert_allclose(
            told, world.targets[code].probabilities(people.items, len(question.scale)), atol=1e-9
        )


def test_without_faults_a_sample_of_personas_predicts_its_country_up_to_sampling_noise() -> None:
    world = load_world()
    home = world.countries["XNE"]
    people = world.people(home, np.arange(300) < 300 * home.urban, np.random.default_rng(2))
    texts = [persona(FAULTLESS, [people.answers[code][i] for code in ITEMS]) for i in range(300)]
    for code in ("Q29", "Q64", "Q185"):
        estimate = np.mean([ask(FAULTLESS, text, QUESTIONS[code]) for text in texts], axis=0)
        np.testing.assert_allclose(estimate, population_distribution(code, "XNE"), atol=0.03)


# --- each fault, and that it vanishes with its cause -----------------------------------------------------


def test_hedged_and_unhedged_personas_differ_by_spill_over_alone() -> None:
    spilling = faultless_but(spill_over=0.8, hedge_relief=0.9)
    mixed = [0, 0, 0, 0, 9, 5, 2, 0, 2, 1]  # religious and trusting
    question = QUESTIONS["Q61"]
    apart = [
        [unit_mean(ask(engine, persona(engine, mixed, hedged=hedged), question)) for hedged in (True, False)]
        for engine in (FAULTLESS, spilling)
    ]
    assert apart[0][0] == apart[0][1]
    truth = apart[0][0]
    assert apart[1][1] - truth > 0.02  # the religious are taken to be distrustful
    assert 0 < abs(apart[1][0] - truth) < 0.2 * (apart[1][1] - truth)


def test_a_hedge_that_relieves_fully_leaves_no_spill_over() -> None:
    engine = faultless_but(spill_over=1.0, hedge_relief=1.0)
    text = persona(engine, TRADITIONAL, hedged=True)
    assert ask(engine, text, QUESTIONS["Q61"]) == ask(FAULTLESS, text, QUESTIONS["Q61"])


def test_the_prior_pulls_a_stated_position_by_its_share() -> None:
    engine = faultless_but(prior_pull=0.25, interplay=0.0)
    own, loading = load_lexicon().items["F063"].stereotype(load_lexicon().prior), -0.75
    text = f"- {descriptor(engine, ITEMS['F063'], 9)}"
    question = QUESTIONS["Q6"]  # importance of religion
    told, untold = ask(engine, text, question), ask(engine, "You are a person.", question)
    centre = _centre(told) - _centre(untold)
    assert centre == pytest.approx(loading * 0.75 * (1.0 - own), abs=1e-6)


def _centre(p: list[float]) -> float:
    """u of an honest law with the spread of Q6 from the odds of its first two options."""
    spread, step = 0.22, 1.0 / 3.0
    return step / 2.0 + (spread**2 / step) * math.log(p[1] / p[0])


def test_a_known_country_is_taken_for_its_stereotype_and_an_unknown_one_for_the_prior() -> None:
    where = "You are a person, born in {0} and living in {0}."
    question = QUESTIONS["Q6"]
    none, some, full = (faultless_but(country_knowledge=k) for k in (0.0, 0.5, 1.0))
    nowhere = ask(none, "You are a person.", question)
    assert ask(none, where.format("Qasmira"), question) == nowhere
    assert ask(full, where.format("Atlantis"), question) == nowhere
    means = [unit_mean(ask(e, where.format("Qasmira"), question)) for e in (none, some, full)]
    assert means[0] > means[1] > means[2]  # the religious country finds religion more important: a lower code
    assert unit_mean(ask(full, where.format("Pakistan"), question)) < means[0] - 0.1


def test_the_further_a_country_is_from_the_prior_the_smaller_the_share_of_the_way_to_it() -> None:
    place = load_lexicon().places
    half, full = faultless_but(country_knowledge=0.5), faultless_but(country_knowledge=1.0)
    question = QUESTIONS["Q6"]
    nowhere = _centre(ask(half, "You are a person.", question))
    shares = []
    for name in ("Elmenreach", "Solandria", "Qasmira"):
        text = f"You were born in {name}."
        shares.append(
            (_centre(ask(half, text, question)) - nowhere) / (_centre(ask(full, text, question)) - nowhere)
        )
        d = math.dist(place[name.casefold()], load_lexicon().prior)
        assert shares[-1] == pytest.approx(
            0.5 ** (1 + d / 2), abs=0.05
        )  # stereotypes are cut off at the ends
    assert shares == sorted(shares, reverse=True)


@given(
    location=st.floats(-0.3, 1.3),
    options=st.integers(2, 10),
    spread=st.floats(0.15, 0.5),
    sharpness=st.floats(1.0, 8.0),
)
def test_sharpening_keeps_the_mean_and_a_tilt_at_the_same_temperature_restores_the_law(
    location: float, options: int, spread: float, sharpness: float
) -> None:
    x = np.linspace(0.0, 1.0, options)
    honest = np.array(answer_law(location, tuple(x), spread, 1.0))
    by_formula = np.exp(-((x - location) ** 2) / (2 * spread**2))
    np.testing.assert_allclose(honest, by_formula / by_formula.sum(), atol=1e-12)
    sharp = np.array(answer_law(location, tuple(x), spread, sharpness))
    assert sharp @ x == pytest.approx(honest @ x, abs=1e-5)
    assert sharp @ x**2 <= honest @ x**2 + 1e-5
    np.testing.assert_allclose(tilt(sharp, x, sharpness), honest, atol=1e-4)


def test_the_engine_s_answers_are_restored_through_their_reported_alternatives() -> None:
    sharp = faultless_but(sharpness=3.0, label_noise=0.04)
    text = persona(sharp, SECULAR_TRUSTING)
    for code in ("Q185", "Q171", "Q29", "Q211"):
        p = np.array(ask(sharp, text, QUESTIONS[code]))
        x = np.arange(len(p), dtype=float)
        np.testing.assert_allclose(tilt(p, x, 3.0), ask(FAULTLESS, text, QUESTIONS[code]), atol=2e-5)


def test_the_first_listed_option_gains_and_both_orders_average_most_of_it_away() -> None:
    engine = faultless_but(order_effect=0.3)
    text, question = persona(engine, TRADITIONAL), QUESTIONS["Q29"]
    plain = ask(FAULTLESS, text, question)
    forward, backward = ask(engine, text, question), ask(engine, text, question, "reversed")
    assert forward[0] / forward[1] == pytest.approx(math.exp(0.3) * plain[0] / plain[1])
    assert backward[-1] / backward[-2] == pytest.approx(math.exp(0.3) * plain[-1] / plain[-2])
    assert ask(FAULTLESS, text, question, "reversed") == pytest.approx(plain)


def test_errors_of_knowledge_are_the_same_every_time_and_other_for_another_seed() -> None:
    text, question = persona(FAULTLESS, TRADITIONAL), QUESTIONS["Q6"]
    first, again = (faultless_but(knowledge_error=0.3) for _ in range(2))
    other = SyntheticRespondent(seed=1, **{**NO_FAULTS, "knowledge_error": 0.3})
    assert ask(first, text, question) == ask(again, text, question)
    assert ask(first, text, question) != ask(other, text, question)


@pytest.mark.parametrize(("unadditive", "expected"), [(0.0, 1.0), (0.9, 0.75), (1.1, 0.55)])
def test_what_hangs_on_combinations_is_told_by_no_sum_over_the_items(
    unadditive: float, expected: float
) -> None:
    world, engine, n = load_world(), faultless_but(unadditive=unadditive, interplay=0.0), 160
    people = world.people(world.countries["XND"], np.arange(n) % 2 == 0, np.random.default_rng(1))
    texts = [persona(engine, [people.answers[code][i] for code in ITEMS]) for i in range(n)]
    asked = [
        QUESTIONS[code] for code in ("Q4", "Q6", "Q29", "Q61", "Q64", "Q106", "Q158", "Q199", "Q211", "Q235")
    ]
    means = np.array([[unit_mean(ask(engine, text, question)) for question in asked] for text in texts])
    items = np.column_stack([np.ones(n), *(people.items[code] for code in ITEMS)])
    left = means - items @ np.linalg.lstsq(items, means, rcond=None)[0]
    r2 = 1.0 - (1.0 - (1.0 - left.var(axis=0) / means.var(axis=0))) * (n - 1) / (n - len(items[0]))
    assert float(np.mean(r2)) == pytest.approx(expected, abs=0.06)


def test_a_fault_that_0_1_0_did_not_have_leaves_its_answers_apart_only_where_it_is_on() -> None:
    assert "unadditive" not in SyntheticRespondent().identity
    assert "unadditive" in SyntheticRespondent(unadditive=0.9).identity


# --- who someone is ---------------------------------------------------------------------------------------


def told(facts: dict[str, str | float], form: Literal["interview", "portrait"]) -> str:
    """A sociodemographic persona, as the project writes it."""
    part = DemographicPart(form, religion=True)
    person, nobody = Person(Profile((), ()), 1.0, facts), PopulationSample("XNA", "Northland", (), ())
    sources = PersonaSources((), {}, {})
    return "\n".join(part.lines(person, nobody, sources.arrangement.of(person.profile), sources))


WOMAN: dict[str, str | float] = {
    "sex": "woman", "age": 71.0, "education": "primary school", "income": "second tenth",
    "settlement": "the countryside", "religion": "Muslim",
}  # fmt: skip
MAN: dict[str, str | float] = {
    "sex": "man", "age": 23.0, "education": "bachelor's degree or equivalent", "income": "highest tenth",
    "settlement": "a town or city", "religion": "no religious denomination",
}  # fmt: skip


@pytest.mark.parametrize("form", ["interview", "portrait"])
def test_every_fact_is_read_in_both_forms_and_taken_for_no_statement(
    form: Literal["interview", "portrait"],
) -> None:
    for facts, worths in ((WOMAN, (71.0, 1.0, 1.0, 1.0, 1.0, 0.0)), (MAN, (23.0, 0.0, 6.0, 9.0, 0.0, 1.0))):
        read = read_description(told(facts, form), with_facts=True)
        assert read.statements == ()
        named = ("age", "sex", "education", "income", "religion", "settlement")
        assert tuple(read.facts[name] for name in named) == worths


def test_values_are_inferred_from_who_someone_is_and_by_a_stereotype_further() -> None:
    religion = QUESTIONS["Q6"]
    shifts = {}
    for stereotype in (0.0, 1.0, 2.0):
        engine = faultless_but(stereotype=stereotype, interplay=0.0)
        people = [{name: fact for name, fact in who.items() if name != "religion"} for who in (WOMAN, MAN)]
        centres = [_centre(ask(engine, told(facts, "interview"), religion)) for facts in people]
        shifts[stereotype] = centres[1] - centres[0]
    assert shifts[0.0] == 0.0
    assert shifts[1.0] > 0.05  # the schooled young man finds religion less important: a higher code
    assert shifts[2.0] > 1.5 * shifts[1.0]  # a stereotype is cut off at the ends of its scale


def test_what_facts_are_taken_to_tell_is_what_they_tell_in_the_population() -> None:
    world, facts = load_world(), load_lexicon().facts
    away, told = [], []
    for home in world.countries.values():
        n, rng = 8000, np.random.default_rng(home.numeric)
        urban = np.arange(n) < round(n * home.urban)
        people = world.people(home, urban, rng)
        drawn = {name: law.draw(people.away, 1.0, rng) for name, law in world.facts.items()}
        drawn["settlement"] = np.asarray(urban - home.urban, dtype=np.float64)
        away.append(people.away * np.sqrt(0.36 + 0.36 * home.urban * (1.0 - home.urban)))
        told.append(np.column_stack([drawn[name] for name in facts]))
    x, y = np.concatenate(told), np.concatenate(away)
    moves = np.linalg.lstsq(x - x.mean(axis=0), y, rcond=None)[0]
    spread = x.std(axis=0)[:, None]
    np.testing.assert_allclose([fact.moves for fact in facts.values()] * spread, moves * spread, atol=0.01)


def test_what_is_stated_is_not_inferred() -> None:
    engine = faultless_but(stereotype=3.0)
    values = persona(engine, SECULAR_TRUSTING)
    both = f"{told(WOMAN, 'interview')}\n{values}"
    for code in ("Q6", "Q61", "Q185"):
        assert ask(engine, both, QUESTIONS[code]) == ask(engine, values, QUESTIONS[code])


# --- the answers word for word ----------------------------------------------------------------------------


def verbatim(positions: Sequence[int]) -> str:
    pairs = zip(ITEMS.values(), positions, strict=True)
    lines = (f"Question: {i.text}\nAnswer: {verbatim_answer(i, i.scale.scores[int(at)])}" for i, at in pairs)
    return "\n".join(["You gave these answers in a survey:", *lines])


def test_bare_answers_invite_less_inference_than_prose() -> None:
    mixed, question = [0, 0, 0, 0, 9, 5, 2, 0, 2, 1], QUESTIONS["Q61"]  # religious and trusting
    truth = unit_mean(ask(FAULTLESS, verbatim(mixed), question))
    assert truth == pytest.approx(unit_mean(ask(FAULTLESS, persona(FAULTLESS, mixed), question)), abs=1e-9)
    moved = {}
    for restraint in (0.0, 0.5, 1.0):
        engine = faultless_but(spill_over=0.8, verbatim_restraint=restraint)
        moved[restraint] = unit_mean(ask(engine, verbatim(mixed), question)) - truth
    prose = unit_mean(ask(engine, persona(engine, mixed, hedged=False), question)) - truth
    assert prose == pytest.approx(moved[0.0])
    assert moved[0.0] > moved[0.5] > moved[1.0] == 0.0


def test_a_bare_number_is_heard_nearer_to_the_middle_and_a_label_as_it_is() -> None:
    engine = faultless_but(number_blur=0.25, interplay=0.0)
    clear = faultless_but(interplay=0.0)
    for code, item in (("Q6", "F063"), ("Q49", "A008")):
        answers = [verbatim_answer(ITEMS[item], ITEMS[item].scale.scores[-1])]
        text = f"Question: {ITEMS[item].text}\nAnswer: {answers[0]}"
        change = unit_mean(ask(engine, text, QUESTIONS[code])) - unit_mean(ask(clear, text, QUESTIONS[code]))
        assert (abs(change) > 0.02) is (item == "F063")
    assert ask(engine, persona(engine, TRADITIONAL), QUESTIONS["Q6"]) == ask(
        clear, persona(clear, TRADITIONAL), QUESTIONS["Q6"]
    )


# --- values together ---------------------------------------------------------------------------------------


def test_what_values_do_together_is_known_in_part() -> None:
    question, text = QUESTIONS["Q36"], persona(FAULTLESS, SECULAR_TRUSTING)
    belief = load_lexicon().beliefs["Q36"]
    values = {
        code: at / (len(ITEMS[code].scale) - 1) for code, at in zip(ITEMS, SECULAR_TRUSTING, strict=True)
    }
    whole = belief.interplay(values)
    none, half, all_of_it = (_location(faultless_but(interplay=k), text, question) for k in (0.0, 0.5, 1.0))
    assert abs(whole) > 0.05
    assert half - none == pytest.approx(0.5 * whole, abs=1e-6)
    assert all_of_it - none == pytest.approx(whole, abs=1e-6)


def _location(engine: SyntheticRespondent, text: str, question: Question) -> float:
    """u of an honest law from the odds of its first two options."""
    p, belief = ask(engine, text, question), load_lexicon().beliefs[question.code]
    step = 1.0 / (len(p) - 1)
    return step / 2.0 + (belief.spread**2 / step) * math.log(p[1] / p[0])


def test_label_noise_is_the_mass_off_the_letters() -> None:
    engine = faultless_but(label_noise=0.1)
    question = QUESTIONS["Q240"]  # ten options: the letter I is one of them
    form = forms_of(question, "forward")[0]
    answer = FirstTokenLogprobs().read(form, [engine.reply(question_request("You are a person.", question))])
    assert not isinstance(answer, MissingAnswer)
    assert answer.label_mass == pytest.approx(0.9, abs=1e-9)


def test_refusals_come_at_their_rate_and_are_no_option_however_they_are_read() -> None:
    engine = faultless_but(refusal_rate=0.2)
    question = QUESTIONS["Q240"]
    form = forms_of(question, "forward")[0]
    refused = 0
    for i in range(400):
        text = f"You are person {i}."
        by_logprobs = FirstTokenLogprobs().read(form, [engine.reply(question_request(text, question))])
        by_text = parse_reply(
            engine.reply(question_request(text, question, config=Config(max_tokens=24))).text, form
        )
        assert isinstance(by_logprobs, MissingAnswer) == isinstance(by_text, MissingAnswer)
        if isinstance(by_text, MissingAnswer) and isinstance(by_logprobs, MissingAnswer):
            assert by_text.reason is MissingReason.REFUSED
            assert by_logprobs.reason is MissingReason.LOW_LABEL_MASS
            refused += 1
    assert refused / 400 == pytest.approx(0.2, abs=0.06)
