"""The synthetic respondent as an engine, and each of its faults."""

import asyncio
import json
import math

import dspy
import numpy as np
import pytest
from dspy.lm15 import Config, Message, Request
from hypothesis import given
from hypothesis import strategies as st

from data.synthetic import load_world
from data.synthetic.truth import SyntheticTruth
from programs.calibration import tilt
from programs.elicitation import FirstTokenLogprobs, forms_of, parse_reply
from programs.engines.synthetic import AsyncSyntheticRespondent, KnownFaults, SyntheticRespondent
from programs.engines.synthetic.answering import answer_law
from programs.engines.synthetic.lexicon import load_lexicon
from programs.rendering import PlainAdapter, PromptTemplate
from signatures import (
    AnswerAsPersona,
    MissingAnswer,
    MissingReason,
    Question,
    RecipeError,
    RecoverAnswer,
    StateAnswerDistribution,
)
from tests.programs.engines.synthetic_prompts import (
    ITEMS,
    QUESTIONS,
    ask,
    descriptor,
    persona,
    question_request,
)

FAULTLESS = SyntheticRespondent(**KnownFaults.none().model_dump())
TRADITIONAL = [1, 1, 0, 2, 9, 0, 0, 0, 0, 0]
SECULAR_TRUSTING = [0, 0, 2, 0, 0, 9, 9, 3, 2, 4]


def faultless_but(**parameters: float) -> SyntheticRespondent:
    return SyntheticRespondent(**{**KnownFaults.none().model_dump(), **parameters})


def unit_mean(p: list[float]) -> float:
    return float(np.dot(p, np.linspace(0.0, 1.0, len(p))))


# --- honesty: a perfect reader of perfect descriptions reproduces the population --------------------------


def test_without_faults_its_beliefs_are_the_true_laws() -> None:
    beliefs, laws = load_lexicon().beliefs, load_world().targets
    assert {code for code, belief in beliefs.items() if not belief.item} == set(laws)
    for code, law in laws.items():
        belief = beliefs[code]
        assert (belief.centre, belief.spread, belief.loadings) == (law.centre, law.spread, law.loadings)


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
    truth = SyntheticTruth(world, world.countries, {code: len(q.scale) for code, q in QUESTIONS.items()}, 0)
    home = world.countries["XNE"]
    people = world.people(home, np.arange(300) < 300 * home.urban, np.random.default_rng(2))
    texts = [persona(FAULTLESS, [people.answers[code][i] for code in ITEMS]) for i in range(300)]
    for code in ("Q29", "Q64", "Q185"):
        estimate = np.mean([ask(FAULTLESS, text, QUESTIONS[code]) for text in texts], axis=0)
        np.testing.assert_allclose(estimate, truth.population_distribution(code, "XNE"), atol=0.03)


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
    engine = faultless_but(prior_pull=0.25)
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
    other = SyntheticRespondent(seed=1, **{**KnownFaults.none().model_dump(), "knowledge_error": 0.3})
    assert ask(first, text, question) == ask(again, text, question)
    assert ask(first, text, question) != ask(other, text, question)


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


# --- the value items themselves, as an audit asks them ---------------------------------------------------


@pytest.mark.parametrize("code", list(ITEMS))
def test_a_judge_recovers_the_answer_from_its_descriptor(code: str) -> None:
    item, engine = ITEMS[code], SyntheticRespondent(refusal_rate=0.0)
    template = PromptTemplate.of(RecoverAnswer, PlainAdapter())
    form = forms_of(Question(item.code, item.text, item.scale), "reversed")[0]
    for position in range(len(item.scale)):
        values = {
            "descriptor": descriptor(engine, item, position),
            "question": item.text,
            "options": form.options,
        }
        request = template.request("synthetic/respondent", values, Config(temperature=0.0, max_tokens=1))
        assert form.position(engine.reply(request).text) == position


def test_what_a_descriptor_does_not_state_is_answered_from_the_prior() -> None:
    p = ask(
        FAULTLESS,
        descriptor(FAULTLESS, ITEMS["A008"], 0),
        Question("F063", ITEMS["F063"].text, ITEMS["F063"].scale),
    )
    words = load_lexicon().items["F063"]
    assert unit_mean(p) == pytest.approx(words.stereotype(load_lexicon().prior), abs=0.02)


# --- as an engine ----------------------------------------------------------------------------------------


def test_sampled_letters_follow_the_law_and_the_seed() -> None:
    text, question = persona(FAULTLESS, TRADITIONAL), QUESTIONS["Q29"]
    form = forms_of(question, "forward")[0]
    requests = [question_request(text, question, config=Config(temperature=1.0, seed=i)) for i in range(2000)]
    letters = [FAULTLESS.reply(request).text for request in requests]
    shares = [letters.count(letter) / len(letters) for letter in form.letters]
    np.testing.assert_allclose(shares, ask(FAULTLESS, text, question), atol=0.04)
    assert [FAULTLESS.reply(request).text for request in requests[:50]] == letters[:50]
    assert FAULTLESS.reply(requests[0], sample=7).text == letters[7]


def test_only_as_many_alternatives_are_reported_as_were_asked_for() -> None:
    config = Config(temperature=1.0, max_tokens=1, logprobs=5)
    reply = SyntheticRespondent().reply(
        question_request("You are a person.", QUESTIONS["Q240"], config=config)
    )
    assert reply.first_token is not None
    assert len(reply.first_token) == 5
    logs = [lp for _, lp in reply.first_token]
    assert logs == sorted(logs, reverse=True)


def test_the_response_says_what_the_lean_reply_says() -> None:
    engine = SyntheticRespondent()
    request = question_request(persona(engine, TRADITIONAL), QUESTIONS["Q185"])
    response, reply = engine.complete(request), engine.reply(request)
    assert response.text == reply.text
    assert response.logprobs is not None
    assert tuple((t.token, t.logprob) for t in response.logprobs[0].top) == reply.first_token
    assert asyncio.run(AsyncSyntheticRespondent(engine).complete(request)) == response
    assert asyncio.run(AsyncSyntheticRespondent(engine).reply(request)) == reply


def test_it_works_behind_dspy_s_own_adapter_and_module() -> None:
    engine = SyntheticRespondent(refusal_rate=0.0)
    lm = dspy.LM("synthetic/respondent", engine=engine, cache=False)
    question = QUESTIONS["Q29"]
    options = forms_of(question, "forward")[0].options
    with dspy.context(lm=lm, disable_history=True, trace=None):
        said = dspy.Predict(AnswerAsPersona)(
            persona="You are a person.", question=question.text, options=options
        )
    assert said.answer in "ABCD"


def test_a_stated_distribution_is_the_law_in_words() -> None:
    question, text = QUESTIONS["Q29"], persona(FAULTLESS, TRADITIONAL)
    values = {"persona": text, "question": question.text, "options": forms_of(question, "forward")[0].options}
    template = PromptTemplate.of(StateAnswerDistribution, PlainAdapter())
    stated = json.loads(FAULTLESS.reply(template.request("m", values, Config(max_tokens=200))).text)
    assert list(stated.values()) == pytest.approx(ask(FAULTLESS, text, question), abs=1e-4)


def test_the_identity_names_it_synthetic_and_every_parameter() -> None:
    engine = SyntheticRespondent(seed=4, spill_over=0.5)
    assert engine.identity.startswith("synthetic/respondent")
    assert all(name in engine.identity for name in KnownFaults.model_fields)
    assert engine.identity != SyntheticRespondent(seed=4).identity != SyntheticRespondent(seed=5).identity
    assert SyntheticRespondent.load_state(engine.dump_state()).identity == engine.identity


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"spilover": 1.0}, "parameter 'spilover'.*it takes seed, prior_pull"),
        ({"prior_pull": 2.0}, r"parameter 'prior_pull': Input should be less than or equal to 1 \(got 2.0\)"),
        ({"sharpness": "high"}, "parameter 'sharpness'.*got 'high'"),
        ({"seed": "one"}, "parameter 'seed'.*got 'one'"),
    ],
)
def test_a_wrong_parameter_gets_one_clear_line(parameters: dict[str, object], message: str) -> None:
    with pytest.raises(RecipeError, match=message):
        SyntheticRespondent(**parameters)  # type: ignore[arg-type]


def test_a_request_that_asks_nothing_known_gets_words_and_no_letter() -> None:
    request = Request(model="m", messages=(Message.user("Tell me a story."),), config=Config(logprobs=5))
    reply = SyntheticRespondent().reply(request)
    assert reply.first_token is None
    assert isinstance(parse_reply(reply.text, forms_of(QUESTIONS["Q29"], "forward")[0]), MissingAnswer)


def test_an_unknown_question_is_answered_broadly_whoever_is_asked() -> None:
    question = Question("X", "What your favourite colour is", QUESTIONS["Q29"].scale)
    first, second = (
        ask(FAULTLESS, persona(FAULTLESS, who), question) for who in (TRADITIONAL, SECULAR_TRUSTING)
    )
    assert first == second
    assert min(first) > 0.1
